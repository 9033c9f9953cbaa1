/// Which ranks share a node. A rank's lane is its index inside its node.
public struct Topology: Sendable, Hashable {
    /// What is wrong with a description of nodes.
    public enum Invalid: Error, Sendable, Hashable {
        /// There is no rank at all.
        case noRanks
        /// The node of this index has no rank.
        case emptyNode(Int)
        /// Ranks are numbered from 0 without gaps, and this one is missing, listed twice, or out of range.
        case rank(Int)
    }

    /// The ranks of each node, in order of their lanes.
    public let nodes: [[Int]]
    private let nodeOfRank: [Int]
    private let laneOfRank: [Int]

    /// A topology from the ranks of each node. Every rank from 0 up must be on exactly one node.
    public init(nodes: [[Int]]) throws(Invalid) {
        let rankCount = nodes.reduce(0) { $0 + $1.count }
        guard rankCount > 0 else { throw .noRanks }
        var nodeOfRank = Array(repeating: -1, count: rankCount)
        var laneOfRank = nodeOfRank
        for (node, ranks) in nodes.enumerated() {
            guard !ranks.isEmpty else { throw .emptyNode(node) }
            for (lane, rank) in ranks.enumerated() {
                guard nodeOfRank.indices.contains(rank), nodeOfRank[rank] < 0 else {
                    throw .rank(rank)
                }
                nodeOfRank[rank] = node
                laneOfRank[rank] = lane
            }
        }
        self.nodes = nodes
        self.nodeOfRank = nodeOfRank
        self.laneOfRank = laneOfRank
    }

    /// A topology from the node of each rank; lanes follow rank order. Nodes are numbered from 0 without gaps.
    public init(nodeOfRank: [Int]) throws(Invalid) {
        guard let last = nodeOfRank.max() else { throw .noRanks }
        var nodes: [[Int]] = Array(repeating: [], count: last + 1)
        for (rank, node) in nodeOfRank.enumerated() {
            guard node >= 0 else { throw .emptyNode(node) }
            nodes[node].append(rank)
        }
        try self.init(nodes: nodes)
    }

    /// Nodes of equal size, filled one after the other, as launchers do it.
    public init(nodeCount: Int, ranksPerNode: Int) {
        precondition(nodeCount > 0 && ranksPerNode > 0, "a topology has at least one rank")
        let ranks = 0..<nodeCount * ranksPerNode
        nodes = (0..<nodeCount).map { node in
            (0..<ranksPerNode).map { lane in node * ranksPerNode + lane }
        }
        nodeOfRank = ranks.map { $0 / ranksPerNode }
        laneOfRank = ranks.map { $0 % ranksPerNode }
    }

    /// How many ranks there are.
    public var rankCount: Int { nodeOfRank.count }
    /// How many nodes there are.
    public var nodeCount: Int { nodes.count }
    /// The size of every node, or nil if nodes differ in size.
    public var ranksPerNode: Int? {
        nodes.allSatisfy { $0.count == nodes[0].count } ? nodes[0].count : nil
    }

    /// The node that a rank is on.
    public func node(of rank: Int) -> Int { nodeOfRank[rank] }
    /// The index of a rank inside its node.
    public func lane(of rank: Int) -> Int { laneOfRank[rank] }
}
