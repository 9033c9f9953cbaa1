public import MixCollectives

/// Why a checkpoint can't be read, a layer can't be made, or one of its steps failed: what, where, and what would help.
public struct MoEError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure. Open for extension: compare, don't switch exhaustively.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// A strategy or a placement of experts does not fit the ranks or the model.
        public static let invalidStrategy = Code(rawValue: 100)
        /// An argument can't be right: rows of another width, an output of another size.
        public static let invalidArgument = Code(rawValue: 101)
        /// Ranks have different checkpoints, strategies or options.
        public static let mismatch = Code(rawValue: 102)
        /// Another rank could not make its part of the layer.
        public static let peerFailed = Code(rawValue: 103)
        /// A collective failed; see ``MoEError/collective``.
        public static let communication = Code(rawValue: 104)
    }

    /// The kind of failure.
    public var code: Code
    /// What happened and what would help, in a sentence.
    public var message: String
    /// The collective's error, where one failed.
    public var collective: CollectiveError?

    public init(_ code: Code, _ message: String, collective: CollectiveError? = nil) {
        self.code = code
        self.message = message
        self.collective = collective
    }

    /// What a collective says.
    init(_ error: CollectiveError) { self.init(.communication, error.description, collective: error) }

    public var description: String { message }
}
