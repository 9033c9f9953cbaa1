/// How the planner counts.
public struct PlannerOptions: Sendable, Hashable {
    /// Which cost model.
    public enum CostModel: Sendable, Hashable {
        /// Equations (1) to (11) of "MixServe", see ``PaperCostModel``. `dividesOnce` corrects the documented double division.
        case paper(dividesOnce: Bool)
        /// Rooflines, the library's schedules, queues and balance.
        case refined
    }

    /// Which cost model.
    public var costModel: CostModel
    /// How rows get to experts and back.
    public var exchange: Exchange
    /// Bytes per element of hidden states.
    public var rows: RowFormats
    /// The format of keys and values.
    public var keyValues: NumberFormat
    /// Which part of a rank's memory may be planned with; the rest is for what nobody counts.
    public var memoryShare: Double
    /// Experts of each layer that are held twice.
    public var redundantExperts: Int
    /// Whether experts are placed by load, as EPLB does, and not in order.
    public var balancesExperts: Bool
    /// Whether each lane has added up the weighted results of a token's choices before they are combined, see
    /// ``ExpertTraffic/sumsChoices``.
    public var sumsChoices: Bool
    /// Whether strategies are tried whose blocks have different numbers of ranks, so that experts' weights or hidden states are on
    /// several ranks alike. The paper's search has none.
    public var allowsReplication: Bool
    /// Whether strategies with tensor parallel groups on several nodes are tried. Rooflines make them look good that narrow
    /// slices and contention would make slow. Where nodes have one rank they always are.
    public var allowsTensorAcrossNodes: Bool
    /// Whether plans with different experts' blocks for prefills and decoding are tried, which hold experts' weights twice.
    public var allowsPhases: Bool

    /// Says how to count.
    public init(
        costModel: CostModel = .refined, exchange: Exchange = .fused, rows: RowFormats = RowFormats(),
        keyValues: NumberFormat = .bfloat16, memoryShare: Double = 0.9, redundantExperts: Int = 0,
        balancesExperts: Bool = false, sumsChoices: Bool = false, allowsReplication: Bool = false,
        allowsTensorAcrossNodes: Bool = false,
        allowsPhases: Bool = true
    ) {
        self.costModel = costModel
        self.exchange = exchange
        self.rows = rows
        self.keyValues = keyValues
        self.memoryShare = memoryShare
        self.redundantExperts = redundantExperts
        self.balancesExperts = balancesExperts
        self.sumsChoices = sumsChoices
        self.allowsReplication = allowsReplication
        self.allowsTensorAcrossNodes = allowsTensorAcrossNodes
        self.allowsPhases = allowsPhases
    }
}
