/// How a model is cut over ranks: attention, experts and layers.
///
/// Written as "MixServe" does: the attention block, a comma, the experts' block, and in brackets the pipeline. Inside a block
/// the first term is over adjacent ranks, which share a node, and the second one over groups of them:
///
///     TP=8 + DP=4, TP=8 + EP=4 [PP=2]     both cut 8 ways inside nodes; experts spread over 4 nodes; 2 pipeline stages
///     TP=4 + DP=8, EP=32                  every rank has whole experts
///     TP=8 [PP=4]                         no data and no expert parallelism
///
/// An experts' block alone, such as `TP=2 + EP=2`, is understood as well: attention is cut in the same way, with DP for EP.
/// ``description`` writes the full form, and leaves out degrees of 1.
///
/// If the blocks have different numbers of ranks, the larger one must be a multiple of the smaller one, which is then
/// replicated: experts' weights where attention has more ranks, hidden states where the experts have more.
///
/// - Source: "MixServe" (arXiv 2601.08800), III-B1.
public struct Strategy: Sendable, Hashable {
    /// How attention is cut.
    public struct Attention: Sendable, Hashable {
        /// d_TP: over how many ranks heads are spread.
        public let tensor: Int
        /// d_DP: how many groups of ranks have requests of their own.
        public let data: Int
        /// Whether the ranks of a tensor parallel group are adjacent, and data parallel groups lie across them. So it is
        /// by definition where either degree is 1.
        public let tensorIsInside: Bool

        /// Cuts attention.
        public init(tensor: Int = 1, data: Int = 1, tensorIsInside: Bool = true) {
            precondition(tensor >= 1 && data >= 1, "degrees are 1 or more")
            self.tensor = tensor
            self.data = data
            self.tensorIsInside = tensorIsInside || tensor == 1 || data == 1
        }

        /// Ranks that have different parts of attention or different requests.
        public var rankCount: Int { tensor * data }
    }

    /// How experts are cut and spread.
    public struct Experts: Sendable, Hashable {
        /// d_TP: over how many ranks the width of each expert is cut.
        public let tensor: Int
        /// d_EP: over how many groups of ranks experts are spread.
        public let expert: Int
        /// Whether the ranks that share an expert are adjacent, and different experts lie across them. So it is by
        /// definition where either degree is 1.
        public let tensorIsInside: Bool

        /// Cuts and spreads experts.
        public init(tensor: Int = 1, expert: Int = 1, tensorIsInside: Bool = true) {
            precondition(tensor >= 1 && expert >= 1, "degrees are 1 or more")
            self.tensor = tensor
            self.expert = expert
            self.tensorIsInside = tensorIsInside || tensor == 1 || expert == 1
        }

        /// Ranks that have different parts of the experts' weights.
        public var rankCount: Int { tensor * expert }
    }

    /// How attention is cut.
    public let attention: Attention
    /// How experts are cut and spread.
    public let experts: Experts
    /// d_PP: into how many stages the layers are cut.
    public let pipeline: Int

    /// Cuts a model.
    ///
    /// - Throws: ``PlannerError/strategyDegrees(strategy:reason:)`` if neither block's ranks are a multiple of the other's.
    public init(attention: Attention, experts: Experts, pipeline: Int = 1) throws(PlannerError) {
        precondition(pipeline >= 1, "degrees are 1 or more")
        self.attention = attention
        self.experts = experts
        self.pipeline = pipeline
        let (large, small) = (ranksPerStage, min(attention.rankCount, experts.rankCount))
        guard large % small == 0 else {
            throw .strategyDegrees(
                strategy: description,
                reason: "attention takes \(attention.rankCount) ranks and the experts \(experts.rankCount); "
                    + "one must be a multiple of the other")
        }
    }

    /// Cuts a layer: attention in the same way as the experts, with data parallelism for expert parallelism.
    public init(experts: Experts, pipeline: Int = 1) {
        self.attention = Attention(
            tensor: experts.tensor, data: experts.expert, tensorIsInside: experts.tensorIsInside)
        self.experts = experts
        self.pipeline = pipeline
    }

    /// Ranks of one pipeline stage.
    public var ranksPerStage: Int { max(attention.rankCount, experts.rankCount) }
    /// Ranks of all stages.
    public var rankCount: Int { ranksPerStage * pipeline }
    /// How many ranks of a stage have the same part of the experts' weights, 1 or more.
    public var expertReplicas: Int { ranksPerStage / experts.rankCount }
    /// How many ranks of a stage have the same hidden states and heads, 1 or more.
    public var attentionReplicas: Int { ranksPerStage / attention.rankCount }
}

extension Strategy: CustomStringConvertible {
    /// The strategy in the paper's notation, which ``init(_:)`` reads.
    public var description: String {
        func block(_ tensor: Int, _ other: (name: String, degree: Int), tensorIsInside: Bool) -> String {
            let terms = [("TP", tensor), (other.name, other.degree)].filter { $0.1 > 1 }
            if terms.isEmpty { return "TP=1" }
            return (tensorIsInside ? terms : terms.reversed()).map { "\($0.0)=\($0.1)" }.joined(separator: " + ")
        }
        let attention = block(
            attention.tensor, ("DP", attention.data), tensorIsInside: self.attention.tensorIsInside)
        let experts = block(experts.tensor, ("EP", experts.expert), tensorIsInside: self.experts.tensorIsInside)
        let blocks = attention == experts ? attention : "\(attention), \(experts)"
        return pipeline > 1 ? "\(blocks) [PP=\(pipeline)]" : blocks
    }
}
