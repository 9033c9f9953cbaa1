/// What is wrong with a checkpoint, in which file and tensor, and what would help.
public struct CheckpointError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure. Open for extension: compare, don't switch exhaustively.
    public struct Code: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        /// A number that stays with its meaning.
        public let rawValue: UInt32

        /// The code of that number, known here or not.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// There is no such folder, or it holds no checkpoint.
        public static let notFound = Code(rawValue: 1)
        /// A file contradicts its format or itself.
        public static let malformed = Code(rawValue: 2)
        /// A file ends before what its beginning promises.
        public static let truncated = Code(rawValue: 3)
        /// No file of the checkpoint has the tensor.
        public static let missingTensor = Code(rawValue: 4)
        /// The index names a file that is not there.
        public static let missingShard = Code(rawValue: 5)
        /// A tensor has another shape than the configuration says.
        public static let shape = Code(rawValue: 6)
        /// A tensor is stored in a type that can't be used for this.
        public static let unsupportedType = Code(rawValue: 7)
        /// The operating system refused something.
        public static let system = Code(rawValue: 8)

        /// Two or three words.
        public var description: String {
            switch self {
            case .notFound: "not found"
            case .malformed: "malformed"
            case .truncated: "truncated"
            case .missingTensor: "missing tensor"
            case .missingShard: "missing shard"
            case .shape: "wrong shape"
            case .unsupportedType: "unsupported type"
            case .system: "system"
            default: "code \(rawValue)"
            }
        }
    }

    /// The kind of failure.
    public var code: Code
    /// What is wrong and what would help, in a sentence.
    public var message: String
    /// The path of the file or folder at fault.
    public var file: String?
    /// The tensor at fault, where one is.
    public var tensor: String?
    /// The operating system's error number, where there is one.
    public var errno: Int32?

    /// An error about a file, and a tensor in it, where they are known.
    public init(_ code: Code, _ message: String, file: String? = nil, tensor: String? = nil, errno: Int32? = nil) {
        self.code = code
        self.message = message
        self.file = file
        self.tensor = tensor
        self.errno = errno
    }

    /// The kind, the tensor, the file, and the message.
    public var description: String {
        var text = "\(code)"
        if let tensor { text += ", tensor \(tensor)" }
        if let file { text += " in \(file)" }
        return text + ": " + message
    }
}
