/// The rows that one MoE layer moves in one step, alike on all nodes: those of tokens under ``UniformRouting``.
///
/// The hidden states of a node's tokens are on all its lanes, and every expert of a node is cut over its lanes.
public struct ExpertTraffic: Sendable, Hashable {
    /// b·s/n: the tokens of each node.
    public var tokensPerNode: Int
    /// h: elements per row.
    public var hidden: Int
    /// E.
    public var experts: Int
    /// k.
    public var choices: Int
    /// Bytes per element in memory: 2 for bf16.
    public var elementBytes: Double
    /// Bytes per element between nodes on the way to the experts: 2 for bf16, 1 + 4/128 for e4m3 with a scale per 128.
    public var dispatchBytes: Double
    /// Bytes per element between nodes on the way back.
    public var combineBytes: Double
    /// Whether all choices of a token on one node share one row between nodes.
    public var deduplicates: Bool
    /// Whether each lane has added up the weighted results of a token's choices before combine starts, as grouped
    /// matrix products may do in their last step. Else combine reads a row for every choice.
    public var sumsChoices: Bool

    /// Describes a step of a layer. Rows cross as they are in memory, where nothing else is said.
    public init(
        tokensPerNode: Int, hidden: Int, experts: Int, choices: Int, elementBytes: Double = 2,
        dispatchBytes: Double? = nil, combineBytes: Double? = nil, deduplicates: Bool = true, sumsChoices: Bool = false
    ) {
        self.tokensPerNode = tokensPerNode
        self.hidden = hidden
        self.experts = experts
        self.choices = choices
        self.elementBytes = elementBytes
        self.dispatchBytes = dispatchBytes ?? elementBytes
        self.combineBytes = combineBytes ?? elementBytes
        self.deduplicates = deduplicates
        self.sumsChoices = sumsChoices
    }

    /// E[rows from a node to one node], which may be the same one.
    func rows(nodes: Int) -> Double {
        deduplicates
            ? Double(tokensPerNode) * UniformRouting(experts: experts, choices: choices, nodes: nodes).nodeProbability
            : choiceRows(nodes: nodes)
    }

    /// E[choices of a node's tokens on one node].
    func choiceRows(nodes: Int) -> Double { Double(tokensPerNode * choices) / Double(nodes) }
}
