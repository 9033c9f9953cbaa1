internal import MixSchedule

/// What of nodes and their wires decides which way an operation goes.
struct NetworkShape {
    let nodeCount: Int
    /// Nil where nodes have different numbers of ranks.
    let ranksPerNode: Int?
    /// Whether all nodes have as many ranks, and these follow each other without a gap.
    let isRegular: Bool
    let hasVerbs: Bool

    init(_ topology: Topology, hasVerbs: Bool) {
        nodeCount = topology.nodeCount
        ranksPerNode = topology.ranksPerNode
        isRegular =
            topology.ranksPerNode != nil
            && topology.nodes.allSatisfy { ranks in ranks.enumerated().allSatisfy { $1 == ranks[0] + $0 } }
        self.hasVerbs = hasVerbs
    }
}
