/// What one mixture-of-experts layer takes by itself, without attention and serving: for comparison with a layer that is measured.
public struct MoELayerModel: Sendable {
    /// What is cut.
    public let model: ModelSpec
    /// Over what.
    public let cluster: ClusterSpec
    private let refined: RefinedModel
    private let load: ExpertLoad

    /// Prepares to price layers of a model.
    ///
    /// - Throws: ``PlannerError`` if the cluster has no price, or no compute rate.
    public init(
        model: ModelSpec, cluster: ClusterSpec, load: ExpertLoad = .uniform, options: PlannerOptions = PlannerOptions()
    ) throws(PlannerError) {
        do {
            try cluster.validate()
        } catch {
            throw .cluster(name: cluster.name, reason: error)
        }
        try load.validate()
        var layer = model
        layer.layers = 1
        layer.denseLayers = []
        self.model = model
        self.cluster = cluster
        self.load = load
        refined = try RefinedModel(model: layer, cluster: cluster, options: options)
    }

    /// What one layer takes: ``StepCost/routing``, ``StepCost/gathering``, ``StepCost/dispatch``, ``StepCost/experts``,
    /// ``StepCost/shared`` and ``StepCost/combine``; nothing else.
    ///
    /// - Parameters:
    ///   - strategy: of one stage. Its ranks are the cluster's.
    ///   - tokens: those of each data parallel group.
    ///   - simulates: whether schedules are simulated, or priced by closed forms.
    public func cost(_ strategy: Strategy, tokens: Int, simulates: Bool = true) throws(PlannerError) -> StepCost {
        guard strategy.ranksPerStage == cluster.rankCount, tokens >= 1 else {
            throw .strategyDegrees(
                strategy: "\(strategy)",
                reason:
                    "a layer takes \(strategy.ranksPerStage) ranks, \(cluster.name) has \(cluster.rankCount), and there is a token at least"
            )
        }
        guard
            let attention = AttentionLayout(
                strategy.attention, ranksPerStage: strategy.ranksPerStage, ranksPerNode: cluster.ranksPerNode,
                model: model),
            let experts = ExpertLayout(
                strategy.experts, ranksPerNode: cluster.ranksPerNode, model: model,
                imbalance: load.imbalance(of: model, expert: strategy.experts.expert, options: refined.options),
                options: refined.options, processorsPerNode: cluster.measured?.processorsPerNode,
                ranksPerMemory: cluster.measured?.ranksPerMemory ?? 1)
        else {
            throw .rejected(
                strategy: "\(strategy)",
                reason: .nodes(ranks: strategy.ranksPerStage, ranksPerNode: cluster.ranksPerNode))
        }
        let step = RefinedModel.Step(
            tokens: Double(tokens), allTokens: Double(tokens * strategy.attention.data), requests: 1, context: 0,
            isPrefill: true)
        var cost =
            simulates
            ? refined.cost(
                step, attention, experts, pipeline: 1, ranksPerStage: strategy.ranksPerStage,
                pricing: CollectiveSimulation(cluster))
            : refined.cost(step, attention, experts, pipeline: 1, ranksPerStage: strategy.ranksPerStage)
        (cost.attention, cost.attentionReduction, cost.dense, cost.output, cost.handover) = (0, 0, 0, 0, 0)
        return cost
    }
}
