public import MixCollectives

/// Why a checkpoint can't be read, a layer can't be made, or one of its steps failed: what, where, and what would help.
public struct MoEError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure. Open for extension: compare, don't switch exhaustively.
    public struct Code: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        /// The kind's number.
        public let rawValue: UInt32
        /// The kind of this number.
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
        /// A strategy or a placement of experts does not fit the ranks or the model.
        public static let invalidStrategy = Code(rawValue: 9)
        /// An argument can't be right: rows of another width, an output of another size.
        public static let invalidArgument = Code(rawValue: 10)
        /// Ranks have different checkpoints, strategies or options.
        public static let mismatch = Code(rawValue: 11)
        /// Another rank could not make its part of the layer.
        public static let peerFailed = Code(rawValue: 12)
        /// A collective failed; see ``MoEError/collective``.
        public static let communication = Code(rawValue: 13)

        /// The kind in words.
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
            case .invalidStrategy: "invalid strategy"
            case .invalidArgument: "invalid argument"
            case .mismatch: "ranks disagree"
            case .peerFailed: "another rank failed"
            case .communication: "communication"
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
    /// The collective's error, where one failed.
    public var collective: CollectiveError?

    /// Describes a failure.
    public init(
        _ code: Code, _ message: String, file: String? = nil, tensor: String? = nil, errno: Int32? = nil,
        collective: CollectiveError? = nil
    ) {
        self.code = code
        self.message = message
        self.file = file
        self.tensor = tensor
        self.errno = errno
        self.collective = collective
    }

    /// What a collective says.
    init(_ error: CollectiveError) { self.init(.communication, error.description, collective: error) }

    /// All of it in one line.
    public var description: String {
        var text = "\(code)"
        if let tensor { text += ", tensor \(tensor)" }
        if let file { text += " in \(file)" }
        return text + ": " + message
    }
}
