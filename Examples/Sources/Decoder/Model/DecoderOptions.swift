public import MixMoE

/// How a model is run. The same on all ranks, but for `threads`.
public struct DecoderOptions: Sendable, Hashable {
    /// What rows between products are made of. Sums, norms and scores are of float32 in any case.
    public enum Precision: String, Sendable, Hashable, CaseIterable {
        /// float32, whatever the weights are stored as.
        case float32 = "f32"
        /// bfloat16, and weights rounded to it where they are stored wider.
        case bfloat16 = "bf16"

        var weights: MoELayerOptions.Weights { self == .bfloat16 ? .bfloat16 : .stored }
    }

    /// Tokens of a sequence that the cache has room for.
    public var context: Int
    /// Sequences that each data-parallel group has room for at a time.
    public var sequences: Int
    /// The type of rows, and of cached keys and values.
    public var precision: Precision
    /// How mixture-of-experts layers communicate.
    public var communication: MoELayerOptions.Communication
    /// Threads for products on this rank; nil for its share of the machine's processors.
    public var threads: Int?

    /// Describes a run.
    public init(
        context: Int, sequences: Int = 1, precision: Precision = .float32,
        communication: MoELayerOptions.Communication = .fused, threads: Int? = nil
    ) {
        self.context = context
        self.sequences = sequences
        self.precision = precision
        self.communication = communication
        self.threads = threads
    }
}
