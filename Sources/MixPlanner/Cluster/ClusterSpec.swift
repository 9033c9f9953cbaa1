/// A cluster of equal nodes, as far as time and memory depend on it.
///
/// Ranks are numbered node by node. In JSON, latencies are seconds, and a bandwidth is a number of bytes per second or a list
/// of points. What schedules do not need may be left out: memory and compute rates, without which nothing but communication
/// has a price, reduction bandwidth (as memory), efficiency (1), source, and what was measured besides:
///
///     {"name": "two H20 nodes", "nodes": 2, "ranksPerNode": 8,
///      "insideNode": {"name": "NVLink", "latency": 3.3e-6, "bandwidth": 450e9},
///      "betweenNodes": {"name": "InfiniBand 400 Gb/s", "latency": 2.8e-6,
///                       "bandwidth": [{"bytes": 4096, "bytesPerSecond": 5e9}, {"bytes": 1048576, "bytesPerSecond": 50e9}]},
///      "memoryBandwidth": 4e12, "reductionBandwidth": 4e12, "memory": 96e9,
///      "compute": {"bfloat16": 148e12, "float8": 296e12}, "efficiency": 0.5, "source": "data sheets"}
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
        /// `memory` is not above zero.
        case capacity
        /// The compute rate of this format is not above zero.
        case compute(format: NumberFormat)
        /// `efficiency` is not above 0 and at most 1.
        case efficiency
        /// `measured` has a curve without a price, or a number of processors or wires below 1.
        case measured
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
    /// The memory of each rank, in bytes.
    public var memory: Double?
    /// Dense matrix products of each rank, in floating-point operations per second, by the format of the operands.
    public var compute: [NumberFormat: Double]
    /// Which part of compute rates and memory bandwidth kernels reach, above 0 to 1. It does not concern links.
    public var efficiency: Double
    /// Where the numbers come from, such as `data sheets` or `measured`.
    public var source: String
    /// What was measured besides, and then stands in for memory and reduction bandwidth where ranks move data.
    public var measured: MeasuredRates?

    /// Describes a cluster. Where nothing is said of reductions, memory alone bounds them.
    public init(
        name: String, nodes: Int, ranksPerNode: Int, insideNode: LinkClass, betweenNodes: LinkClass,
        memoryBandwidth: Double, reductionBandwidth: Double? = nil, memory: Double? = nil,
        compute: [NumberFormat: Double] = [:], efficiency: Double = 1, source: String = "given",
        measured: MeasuredRates? = nil
    ) {
        self.name = name
        self.nodes = nodes
        self.ranksPerNode = ranksPerNode
        self.insideNode = insideNode
        self.betweenNodes = betweenNodes
        self.memoryBandwidth = memoryBandwidth
        self.reductionBandwidth = reductionBandwidth ?? memoryBandwidth
        self.memory = memory
        self.compute = compute
        self.efficiency = efficiency
        self.source = source
        self.measured = measured
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
        guard memory.map({ $0 > 0 }) ?? true else { throw .capacity }
        for (format, rate) in compute where !(rate > 0) { throw .compute(format: format) }
        guard efficiency > 0, efficiency <= 1 else { throw .efficiency }
        guard measured?.isValid ?? true else { throw .measured }
    }

    /// Operations per second on operands of a format: where there is no rate for it, they are converted to a wider one.
    func computeRate(_ format: NumberFormat) -> Double? {
        let order: [NumberFormat] =
            switch format {
            case .float4: [.float4, .float8, .bfloat16, .float16, .float32]
            case .float8: [.float8, .bfloat16, .float16, .float32]
            case .bfloat16, .float16: [format, .bfloat16, .float16, .float32]
            case .float32: [.float32]
            }
        return order.lazy.compactMap { compute[$0] }.first
    }
}

extension ClusterSpec {
    /// Reads a cluster. Decoding does not check it, see ``validate()``.
    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try keys.decode(String.self, forKey: .name), nodes: try keys.decode(Int.self, forKey: .nodes),
            ranksPerNode: try keys.decode(Int.self, forKey: .ranksPerNode),
            insideNode: try keys.decode(LinkClass.self, forKey: .insideNode),
            betweenNodes: try keys.decode(LinkClass.self, forKey: .betweenNodes),
            memoryBandwidth: try keys.decode(Double.self, forKey: .memoryBandwidth),
            reductionBandwidth: try keys.decodeIfPresent(Double.self, forKey: .reductionBandwidth),
            memory: try keys.decodeIfPresent(Double.self, forKey: .memory),
            compute: try keys.decodeIfPresent([NumberFormat: Double].self, forKey: .compute) ?? [:],
            efficiency: try keys.decodeIfPresent(Double.self, forKey: .efficiency) ?? 1,
            source: try keys.decodeIfPresent(String.self, forKey: .source) ?? "given",
            measured: try keys.decodeIfPresent(MeasuredRates.self, forKey: .measured))
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
        case .capacity: "memory must be the bytes of each rank, above 0"
        case .compute(let format): "the compute rate of \(format.rawValue) must be operations per second above 0"
        case .efficiency: "efficiency must be above 0 and at most 1"
        case .measured:
            "measured must have bandwidths above 0, of which no larger size takes less time, and 1 processor, wire and rank per memory or more, and corrections by ascending size with factors above 0"
        }
    }
}
