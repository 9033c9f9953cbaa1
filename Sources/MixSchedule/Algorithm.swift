/// A way to do a collective operation, under the name by which a command line knows it.
public struct Algorithm: Sendable {
    /// What a builder is told. Builders ignore what they have no use for.
    public struct Request: Sendable, Hashable {
        /// The rank whose schedule is wanted.
        public var rank: Int
        /// Which ranks share a node; also says how many there are.
        public var topology: Topology
        /// The root of the operation, if it has one.
        public var root: Int
        /// Into how many pieces transfers are cut.
        public var pieces: Int

        /// Asks for the schedule of one rank.
        public init(rank: Int, topology: Topology, root: Int = 0, pieces: Int = 1) {
            precondition(pieces >= 1, "data is cut into at least one piece")
            precondition(
                (0..<topology.rankCount).contains(root),
                "there is no root \(root) among \(topology.rankCount) ranks")
            self.rank = rank
            self.topology = topology
            self.root = root
            self.pieces = pieces
        }
    }

    /// The name, unique for one operation.
    public let name: String
    /// What it does.
    public let operation: Operation
    /// One sentence for people who choose.
    public let summary: String
    /// Whether ranks must have each other's buffers mapped: all ranks, or those of one node if ``usesTopology``.
    public let needsMappedMemory: Bool
    /// Whether it treats ranks of the same node differently from others.
    public let usesTopology: Bool
    /// Whether all nodes must have equally many ranks.
    public let needsEqualNodes: Bool
    private let builder: @Sendable (Request) -> Schedule

    /// Describes an algorithm, which may be one that is not in ``all(for:)``.
    public init(
        name: String, operation: Operation, summary: String, needsMappedMemory: Bool = false,
        usesTopology: Bool = false, needsEqualNodes: Bool = false, build: @escaping @Sendable (Request) -> Schedule
    ) {
        self.name = name
        self.operation = operation
        self.summary = summary
        self.needsMappedMemory = needsMappedMemory
        self.usesTopology = usesTopology
        self.needsEqualNodes = needsEqualNodes
        self.builder = build
    }

    /// The schedule of one rank.
    public func build(_ request: Request) -> Schedule { builder(request) }

    /// The schedules of all ranks, in rank order.
    public func buildAll(topology: Topology, root: Int = 0, pieces: Int = 1) -> [Schedule] {
        (0..<topology.rankCount).map {
            build(Request(rank: $0, topology: topology, root: root, pieces: pieces))
        }
    }

    /// All algorithms for an operation that the library has.
    public static func all(for operation: Operation) -> [Algorithm] {
        byOperation[operation] ?? []
    }

    /// The algorithm of that name, if there is one.
    public static func named(_ name: String, for operation: Operation) -> Algorithm? {
        catalogue.first { $0.operation == operation && $0.name == name }
    }
}

extension Algorithm.Request {
    /// How many ranks take part.
    public var rankCount: Int { topology.rankCount }
}
