/// The attention of one decoder layer.
public struct AttentionSpec: Sendable, Hashable {
    /// What is done to queries and keys before they are rotated.
    public enum Normalization: Sendable, Hashable {
        /// Nothing.
        case none
        /// RMS norm of every head, with weights [``headDimension``] (Qwen3, GLM-4.5 with `use_qk_norm`).
        case perHead
        /// RMS norm of all heads together, with weights [heads × ``headDimension``] (OLMoE).
        case acrossHeads
        /// RMS norm of every head, without weights (Llama 4, after the rotation).
        case withoutWeights
    }

    /// Multi-head latent attention (DeepSeek): keys and values are stored as one compressed vector per token.
    public struct Latent: Sendable, Hashable {
        /// Elements of the compressed query, or nil if queries are not compressed.
        public var queryRank: Int?
        /// Elements of the compressed keys and values.
        public var keyValueRank: Int
        /// Elements of a head's query and key that are not rotated.
        public var unrotatedDimension: Int
        /// Elements of a head's query and key that are rotated; this part of the key is common to all heads.
        public var rotatedDimension: Int
        /// Elements of a head's value.
        public var valueDimension: Int

        /// Describes latent attention.
        public init(
            queryRank: Int?, keyValueRank: Int, unrotatedDimension: Int, rotatedDimension: Int, valueDimension: Int
        ) {
            self.queryRank = queryRank
            self.keyValueRank = keyValueRank
            self.unrotatedDimension = unrotatedDimension
            self.rotatedDimension = rotatedDimension
            self.valueDimension = valueDimension
        }
    }

    /// Query heads.
    public var heads: Int
    /// Key and value heads: as many as query heads, or a divisor of it.
    public var keyValueHeads: Int
    /// Elements of a query or key head; with latent attention both parts together.
    public var headDimension: Int
    /// Latent attention, or nil for grouped-query attention.
    public var latent: Latent?
    /// What is done to queries and keys.
    public var normalization: Normalization
    /// Whether the projections of queries, keys and values have biases.
    public var hasBiases: Bool
    /// Whether the output projection has a bias (gpt-oss).
    public var hasOutputBias: Bool
    /// Whether every head has a sink, one number in the softmax's denominator (gpt-oss).
    public var hasSinks: Bool
    /// To how many tokens one attends, itself among them, where Qwen's `use_sliding_window` says so; nil for all before it.
    public var slidingWindow: Int?

    /// Describes grouped-query attention, or latent attention.
    public init(
        heads: Int, keyValueHeads: Int, headDimension: Int, latent: Latent? = nil,
        normalization: Normalization = .none, hasBiases: Bool = false, hasOutputBias: Bool = false,
        hasSinks: Bool = false, slidingWindow: Int? = nil
    ) {
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headDimension = headDimension
        self.latent = latent
        self.normalization = normalization
        self.hasBiases = hasBiases
        self.hasOutputBias = hasOutputBias
        self.hasSinks = hasSinks
        self.slidingWindow = slidingWindow
    }
}
