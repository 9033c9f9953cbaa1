public import MixSchedule

/// Where operations between nodes change from one way to another, and into what pieces they are cut.
///
/// What is nil, or has no entry, the library chooses itself, by the number of nodes and lanes and by the transport. All ranks of a
/// job have the same tuning, or ``Communicator/join(_:)`` throws on all of them; communicators split from the world inherit it.
/// `mixbench calibrate --tuning` writes one, and `MIX_TUNING` names the file in which a job finds it ([Format](<doc:Tuning/init(text:file:)>)).
/// `Communicator.use(algorithm:for:)` comes before it. Inside a node nothing of it counts.
public struct Tuning: Sendable, Hashable {
    /// Up to so many bytes, an all-reduce between nodes is one message from each lane to its counterparts; above, a schedule.
    /// Where nodes have several ranks, at most 256 KiB count. The library's choice: 16 KiB for more than two nodes, else 64 KiB, or 256 KiB
    /// where nodes have one rank.
    public var allReduceMessageBytes: Int?
    /// Up to so many bytes, these messages have all of an all-reduce; above, each lane sends its part, and hands it to its mates
    /// afterwards. The library's choice: 2 KiB.
    public var allReduceWholeBytes: Int?
    /// Up to so many bytes of a rank's whole input, an all-to-all between nodes is one exchange inside the node and one message to
    /// each other node; above, a schedule. Where nodes have several ranks, at most 256 KiB count. The library's choice: 64 KiB.
    public var allToAllMessageBytes: Int?
    /// Of pieces this large, at least 1 byte, schedules are made whose levels work at the same time; at most 64 of them. The
    /// library's choice: 256 KiB, over verbs 2 MiB.
    public var pieceBytes: Int?
    /// The algorithm of the schedules of an all-reduce, reduce-scatter, all-gather or all-to-all, where all nodes have as many
    /// ranks. Some round 16-bit floats at every hop. The library's choice: `hierarchical`.
    public var algorithms: [Operation: String]

    /// What the library chooses.
    public init(
        allReduceMessageBytes: Int? = nil, allReduceWholeBytes: Int? = nil, allToAllMessageBytes: Int? = nil,
        pieceBytes: Int? = nil, algorithms: [Operation: String] = [:]
    ) {
        self.allReduceMessageBytes = allReduceMessageBytes
        self.allReduceWholeBytes = allReduceWholeBytes
        self.allToAllMessageBytes = allToAllMessageBytes
        self.pieceBytes = pieceBytes
        self.algorithms = algorithms
    }

    /// The operations whose algorithm can be chosen.
    static let tunedOperations: [Operation] = [.allReduce, .reduceScatter, .allGather, .allToAll]

    /// The names of the algorithms that work between nodes.
    public static func algorithms(for operation: Operation) -> [String] {
        guard tunedOperations.contains(operation) else { return [] }
        return Algorithm.all(for: operation).filter { !$0.needsMappedMemory || $0.usesTopology }.map(\.name)
    }
}
