/// The communication of one MoE block as "MixServe" prints it: volumes over bandwidth, no latency, no overlap.
///
/// - Source: "MixServe" (arXiv 2601.08800), equations (1) to (3), (12) and (13). The degree divides once in (1) and (2)
///   together, as in a ring, not twice as the printed proportionalities read.
public struct PaperModel: Sendable, Hashable {
    /// What a rank carries inside its node, in bytes per second and direction.
    public var insideBandwidth: Double
    /// What a rank carries between nodes, in bytes per second and direction.
    public var betweenBandwidth: Double
    /// m.
    public var ranksPerNode: Int
    /// n.
    public var nodes: Int

    /// Time inside nodes and between them, in seconds, which this model adds up.
    public struct Breakdown: Sendable, Hashable {
        /// All-reduce and all-gather inside nodes, in seconds.
        public var insideNode: Double
        /// Both all-to-alls between nodes, in seconds.
        public var betweenNodes: Double
        /// The sum of both, in seconds.
        public var total: Double { insideNode + betweenNodes }
    }

    /// Takes bandwidths by themselves.
    public init(insideBandwidth: Double, betweenBandwidth: Double, ranksPerNode: Int, nodes: Int) {
        self.insideBandwidth = insideBandwidth
        self.betweenBandwidth = betweenBandwidth
        self.ranksPerNode = ranksPerNode
        self.nodes = nodes
    }

    /// Takes the bandwidths of a cluster for messages of 1 GiB.
    public init(_ cluster: ClusterSpec) {
        let large = 1 << 30
        self.init(
            insideBandwidth: Double(large) / cluster.insideNode.bandwidth.seconds(large),
            betweenBandwidth: Double(large) / cluster.betweenNodes.bandwidth.seconds(large),
            ranksPerNode: cluster.ranksPerNode, nodes: cluster.nodes)
    }

    /// (12): λ_EP = AR(bsh, m) + 2·A2A(bshk, n). Every rank sends the k rows of all its node's tokens.
    ///
    /// - Parameters:
    ///   - hiddenBytes: bsh, the hidden states of a node in bytes.
    ///   - choices: k.
    public func pureExpertParallel(hiddenBytes: Double, choices: Int) -> Breakdown {
        Breakdown(
            insideNode: allReduce(hiddenBytes),
            betweenNodes: 2 * allToAll(hiddenBytes * Double(choices)))
    }

    /// (13): λ_mix = AR(bsh, m) + AG(bshk/m, m) + 2·A2A(bshk/m, n). Every rank sends its part of the k rows.
    ///
    /// - Parameters: as for ``pureExpertParallel(hiddenBytes:choices:)``.
    public func hybrid(hiddenBytes: Double, choices: Int) -> Breakdown {
        let part = hiddenBytes * Double(choices) / Double(ranksPerNode)
        return Breakdown(
            insideNode: allReduce(hiddenBytes) + allGather(part), betweenNodes: 2 * allToAll(part))
    }

    /// (2): reduce-scatter and all-gather of the m-th part each, (m−1) times.
    private func allReduce(_ bytes: Double) -> Double { 2 * allGather(bytes / Double(ranksPerNode)) }

    /// (1): m−1 parts of so many bytes come in.
    private func allGather(_ part: Double) -> Double { Double(ranksPerNode - 1) * part / insideBandwidth }

    /// (3): (n−1)/n of so many bytes go out.
    private func allToAll(_ bytes: Double) -> Double {
        bytes * Double(nodes - 1) / Double(nodes) / betweenBandwidth
    }
}
