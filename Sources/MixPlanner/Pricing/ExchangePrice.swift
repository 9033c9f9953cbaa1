public import MixSchedule

/// What a dispatch or a combine takes in several ways, in seconds.
public struct ExchangePrice: Sendable, Hashable {
    /// Fused: wire and node at the same time.
    public var fused: Double
    /// The same transfers, one phase after the other.
    public var sequential: Double
    /// Every lane sends whole rows: m times the bytes.
    public var unfused: Double
    /// Every rank is an expert rank of its own: an all-to-all of its share of the tokens over all ranks, a row for every rank
    /// on which a token has an expert, and on the way back a sum and an all-gather inside the node.
    public var pureExpertParallel: Double
    /// What fused takes between nodes, if all else took no time.
    public var betweenNodes: Double
    /// What fused takes inside nodes, if the wire took no time.
    public var insideNodes: Double
    /// What a lane sends to other nodes when fused, in bytes: the lower bound.
    public var wireBytes: Int
    /// Into how many pieces fused cuts what a lane sends to a node.
    public var pieces: Int
    /// Fused, on the ranks of one node.
    public var timeline: Timeline

    /// max(between, inside)/fused: 1 where the shorter part hides behind the longer one completely.
    public var overlapEfficiency: Double { max(betweenNodes, insideNodes) / fused }
}
