/// What the fullest rank holds, in bytes.
public struct MemoryUse: Sendable, Hashable {
    /// Weights of attention.
    public var attention = 0.0
    /// Weights of routed experts, with redundant ones.
    public var experts = 0.0
    /// Weights of shared experts, dense layers, routers and norms.
    public var others = 0.0
    /// Embedding and output layer.
    public var embeddings = 0.0
    /// Keys and values of the requests that run.
    public var cache = 0.0
    /// Hidden states and what lies between the matrices of a layer.
    public var activations = 0.0
    /// Rows on their way between ranks.
    public var buffers = 0.0
    /// What may be used.
    public var capacity = 0.0

    /// All weights.
    public var weights: Double { attention + experts + others + embeddings }
    /// Everything.
    public var total: Double { weights + cache + activations + buffers }
}
