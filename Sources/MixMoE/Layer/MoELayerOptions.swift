public import MixCollectives

/// How a layer computes and communicates. The same on all ranks, but for `threads`.
public struct MoELayerOptions: Sendable, Hashable {
    /// How rows cross between nodes and lanes.
    public enum Communication: Sendable, Hashable {
        /// All-reduce inside nodes and all-to-all between them woven into each other.
        case fused
        /// One after the other, for comparison.
        case unfused
    }

    /// In which form weights are kept.
    public enum Weights: Sendable, Hashable {
        /// As the checkpoint stores them.
        case stored
        /// Rounded to bfloat16, where they are stored wider.
        case bfloat16
    }

    /// Threads for products on this rank; nil for its share of the machine's processors.
    public var threads: Int?
    /// Fused or not.
    public var communication: Communication
    /// The form of rows on the wire.
    public var dispatch: DispatchOptions
    /// Which ranks of expert parallelism hold which experts; nil for equal runs.
    public var placement: ExpertHolders?
    /// The form of weights in memory.
    public var weights: Weights

    /// Describes a layer's ways.
    public init(
        threads: Int? = nil, communication: Communication = .fused, dispatch: DispatchOptions = DispatchOptions(),
        placement: ExpertHolders? = nil, weights: Weights = .stored
    ) {
        self.threads = threads
        self.communication = communication
        self.dispatch = dispatch
        self.placement = placement
        self.weights = weights
    }
}
