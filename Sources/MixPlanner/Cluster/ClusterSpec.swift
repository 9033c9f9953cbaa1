/// A cluster of equal nodes, as far as the price of communication depends on it.
///
/// Ranks are numbered node by node. In JSON, latencies are seconds, and a bandwidth is a number of bytes per second or a list
/// of points:
///
///     {"name": "two H20 nodes", "nodes": 2, "ranksPerNode": 8,
///      "insideNode": {"name": "NVLink", "latency": 3.3e-6, "bandwidth": 450e9},
///      "betweenNodes": {"name": "InfiniBand 400 Gb/s", "latency": 2.8e-6,
///                       "bandwidth": [{"bytes": 4096, "bytesPerSecond": 5e9}, {"bytes": 1048576, "bytesPerSecond": 50e9}]},
///      "memoryBandwidth": 4e12, "reductionBandwidth": 4e12}
public struct ClusterSpec: Sendable, Hashable, Codable {
    /// Why a cluster has no price.
    public enum Invalid: Error, Sendable, Hashable {
        /// `nodes` or `ranksPerNode` is below 1.
        case empty(nodes: Int, ranksPerNode: Int)
        /// The link class of this name has a latency below zero or is not a number.
        case latency(link: String)
        /// The link class of this name has a bandwidth of zero or less, two points of one size, or a larger message that
        /// takes less time than a smaller one.
        case bandwidth(link: String)
        /// `memoryBandwidth` or `reductionBandwidth` is not above zero.
        case memory
    }

    /// What people call it.
    public var name: String
    /// The number of nodes, at least 1.
    public var nodes: Int
    /// The number of ranks (lanes) of each node, at least 1.
    public var ranksPerNode: Int
    /// What one rank reads of its mates' memory, and what it sends them.
    public var insideNode: LinkClass
    /// The wire that each rank has to other nodes.
    public var betweenNodes: LinkClass
    /// What a rank reads and writes of its own memory together, in bytes per second.
    public var memoryBandwidth: Double
    /// How many bytes of operands a rank adds up per second, wherever they lie.
    public var reductionBandwidth: Double

    /// Describes a cluster. Where nothing is said of reductions, memory alone bounds them.
    public init(
        name: String, nodes: Int, ranksPerNode: Int, insideNode: LinkClass, betweenNodes: LinkClass,
        memoryBandwidth: Double, reductionBandwidth: Double? = nil
    ) {
        self.name = name
        self.nodes = nodes
        self.ranksPerNode = ranksPerNode
        self.insideNode = insideNode
        self.betweenNodes = betweenNodes
        self.memoryBandwidth = memoryBandwidth
        self.reductionBandwidth = reductionBandwidth ?? memoryBandwidth
    }

    /// How many ranks there are.
    public var rankCount: Int { nodes * ranksPerNode }

    /// Checks that a schedule on this cluster has a price.
    public func validate() throws(Invalid) {
        guard nodes >= 1, ranksPerNode >= 1 else { throw .empty(nodes: nodes, ranksPerNode: ranksPerNode) }
        for link in [insideNode, betweenNodes] {
            guard link.latency >= 0, link.latency.isFinite else { throw .latency(link: link.name) }
            guard link.bandwidth.isValid else { throw .bandwidth(link: link.name) }
        }
        guard memoryBandwidth > 0, reductionBandwidth > 0 else { throw .memory }
    }
}

extension ClusterSpec.Invalid: CustomStringConvertible {
    /// What is wrong, and what would be right.
    public var description: String {
        switch self {
        case .empty(let nodes, let ranksPerNode):
            "\(nodes) nodes of \(ranksPerNode) ranks have nobody to communicate; both numbers must be at least 1"
        case .latency(let link):
            "the latency of \"\(link)\" must be a number of seconds, 0 or more"
        case .bandwidth(let link):
            "the bandwidth of \"\(link)\" must be bytes per second above 0, or points by size of which no larger one takes less time"
        case .memory:
            "memoryBandwidth and reductionBandwidth must be bytes per second above 0"
        }
    }
}
