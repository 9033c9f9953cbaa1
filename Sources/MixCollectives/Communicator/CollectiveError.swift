public import MixSchedule

/// What went wrong in a communicator, where, and what would help.
///
/// After ``Code/deadlineExceeded``, ``Code/rankLost`` or a mismatch the communicator is of no further
/// use: every later operation throws the same error at once.
public struct CollectiveError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure. Open for extension: compare, don't switch exhaustively.
    public struct Code: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        /// The kind's number.
        public let rawValue: UInt32
        /// The kind of this number.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// An argument can't be right: a root that is no rank, a buffer of the wrong size.
        public static let invalidArgument = Code(rawValue: 1)
        /// Ranks called different operations, or the same with different counts, types, reductions or roots.
        public static let mismatch = Code(rawValue: 2)
        /// A rank did not come within the deadline.
        public static let deadlineExceeded = Code(rawValue: 3)
        /// A rank's process ended.
        public static let rankLost = Code(rawValue: 4)
        /// Memory could not be had.
        public static let outOfMemory = Code(rawValue: 5)
        /// The job's environment can't be understood, or its ranks don't fit together.
        public static let invalidJob = Code(rawValue: 6)
        /// Ranks could not find each other.
        public static let rendezvousFailed = Code(rawValue: 7)
        /// A forked child used its parent's communicator.
        public static let forked = Code(rawValue: 8)
        /// Two threads used one communicator at the same time.
        public static let concurrentUse = Code(rawValue: 9)
        /// The operation is not there for this type, memory or transport.
        public static let unsupported = Code(rawValue: 10)
        /// The operating system refused something.
        public static let system = Code(rawValue: 11)
        /// The communicator was closed.
        public static let closed = Code(rawValue: 12)

        /// The kind in words.
        public var description: String {
            switch self {
            case .invalidArgument: "invalid argument"
            case .mismatch: "ranks disagree"
            case .deadlineExceeded: "deadline exceeded"
            case .rankLost: "rank lost"
            case .outOfMemory: "out of memory"
            case .invalidJob: "invalid job"
            case .rendezvousFailed: "rendezvous failed"
            case .forked: "used after fork"
            case .concurrentUse: "concurrent use"
            case .unsupported: "unsupported"
            case .system: "system"
            case .closed: "closed"
            default: "code \(rawValue)"
            }
        }
    }

    /// The kind of failure.
    public var code: Code
    /// What happened and what would help, in a sentence.
    public var message: String
    /// The rank at fault (in the communicator that failed), where one is.
    public var rank: Int?
    /// That rank's host.
    public var host: String?
    /// The operation under way.
    public var operation: Operation?
    /// Its number in this communicator: the first is 1.
    public var sequence: UInt64?
    /// The operating system's error number, where there is one.
    public var errno: Int32?

    /// Describes a failure.
    public init(
        _ code: Code, _ message: String, rank: Int? = nil, host: String? = nil,
        operation: Operation? = nil, sequence: UInt64? = nil, errno: Int32? = nil
    ) {
        self.code = code
        self.message = message
        self.rank = rank
        self.host = host
        self.operation = operation
        self.sequence = sequence
        self.errno = errno
    }

    /// All of it in one line.
    public var description: String {
        var text = "\(code)"
        if let operation {
            text += " in \(operation.rawValue)"
            if let sequence { text += " #\(sequence)" }
        }
        if let rank { text += ", rank \(rank)" }
        if let host { text += " on \(host)" }
        return text + ": " + message
    }
}
