/// Cuts models over clusters: finds, prices and compares strategies.
///
///     let planner = try Planner(model: .deepseekV3, cluster: .ascend910B(), workload: Workload(inputTokens: 2048, outputTokens: 256))
///     let best = try planner.search().plans[0]
public struct Planner: Sendable {
    /// What is cut.
    public let model: ModelSpec
    /// Over what.
    public let cluster: ClusterSpec
    /// For what.
    public let workload: Workload
    /// How is counted.
    public let options: PlannerOptions

    let memory: MemoryModel
    let refined: RefinedModel
    let serving: ServingModel
    /// The busiest group's load over the mean, by d_EP: every divisor of the number of ranks.
    private let imbalances: [Int: Double]

    /// Prepares to plan.
    ///
    /// - Throws: ``PlannerError`` if the cluster, the workload or an option makes no sense.
    public init(
        model: ModelSpec, cluster: ClusterSpec, workload: Workload, options: PlannerOptions = PlannerOptions()
    ) throws(PlannerError) {
        do {
            try cluster.validate()
        } catch {
            throw .cluster(name: cluster.name, reason: error)
        }
        try workload.validate()
        guard cluster.nodes <= 1 << 16, cluster.ranksPerNode <= 1 << 16, cluster.rankCount <= 1 << 16 else {
            throw .invalidValue(
                file: cluster.name, key: "nodes", value: "\(cluster.nodes) of \(cluster.ranksPerNode) ranks",
                expected: "such that there are 65,536 ranks at most")
        }
        guard let bytes = cluster.memory else {
            throw .missingKey(file: cluster.name, keys: ["memory"], help: "the bytes of each rank")
        }
        self.model = model
        self.cluster = cluster
        self.workload = workload
        self.options = options
        memory = MemoryModel(
            model: model, workload: workload, options: options, capacity: bytes * options.memoryShare)
        refined = try RefinedModel(model: model, cluster: cluster, options: options)
        serving = ServingModel(workload: workload)
        imbalances = Dictionary(
            uniqueKeysWithValues: StrategySpace.divisors(cluster.rankCount).map {
                ($0, workload.load.imbalance(of: model, expert: $0, options: options))
            })
    }

    /// Prices one strategy.
    ///
    /// - Throws: ``PlannerError/strategyDegrees(strategy:reason:)`` if it is for another number of ranks, or
    ///   ``PlannerError/rejected(strategy:reason:)``.
    public func plan(_ strategy: Strategy) throws(PlannerError) -> Plan {
        guard strategy.rankCount == cluster.rankCount else {
            throw .strategyDegrees(
                strategy: "\(strategy)",
                reason: "it takes \(strategy.rankCount) ranks, and \(cluster.name) has \(cluster.rankCount)")
        }
        do {
            let stage = strategy.ranksPerStage
            let attention = try attentionLayout(strategy.attention, ranksPerStage: stage)
            let experts = try expertLayout(strategy.experts)
            return try price(strategy, attention, experts).get()
        } catch {
            throw .rejected(strategy: "\(strategy)", reason: error)
        }
    }

    // MARK: One strategy

    /// What attention's block decides, or why it cannot be.
    func attentionLayout(
        _ attention: Strategy.Attention, ranksPerStage: Int
    ) throws(Rejection) -> AttentionLayout {
        let (spec, tensor) = (model.attention, attention.tensor)
        guard spec.heads % tensor == 0 else { throw .heads(spec.heads, tensor: tensor) }
        if spec.latent == nil {
            guard spec.keyValueHeads % tensor == 0 || tensor % spec.keyValueHeads == 0 else {
                throw .keyValueHeads(spec.keyValueHeads, tensor: tensor)
            }
        }
        if !model.denseLayers.isEmpty, let width = model.denseWidth {
            try check(width, of: "dense layers", tensor, isQuantized: model.weights.scope == .layers)
        }
        guard
            let layout = AttentionLayout(
                attention, ranksPerStage: ranksPerStage, ranksPerNode: cluster.ranksPerNode, model: model)
        else { throw .nodes(ranks: tensor, ranksPerNode: cluster.ranksPerNode) }
        return layout
    }

    /// What the experts' block decides, or why it cannot be.
    func expertLayout(_ experts: Strategy.Experts) throws(Rejection) -> ExpertLayout {
        let count = model.experts.count + options.redundantExperts
        guard count % experts.expert == 0 else { throw .experts(count, expert: experts.expert) }
        try check(model.experts.width, of: "experts", experts.tensor, isQuantized: true)
        if model.experts.sharedWidth > 0 {
            try check(
                model.experts.sharedWidth, of: "shared experts", experts.tensor,
                isQuantized: model.weights.scope == .layers)
        }
        guard
            let layout = ExpertLayout(
                experts, ranksPerNode: cluster.ranksPerNode, model: model,
                imbalance: imbalances[experts.expert] ?? 1, options: options,
                processorsPerNode: cluster.measured?.processorsPerNode,
                ranksPerMemory: cluster.measured?.ranksPerMemory ?? 1)
        else { throw .nodes(ranks: experts.rankCount, ranksPerNode: cluster.ranksPerNode) }
        return layout
    }

    /// Checks that a width can be cut: at whole elements, and at whole blocks where there are any.
    private func check(_ width: Int, of name: String, _ tensor: Int, isQuantized: Bool) throws(Rejection) {
        guard width % tensor == 0 else { throw .width(width, of: name, tensor: tensor) }
        guard tensor > 1, isQuantized, let quantization = model.weights.quantization else { return }
        // The width is outputs of two matrices and inputs of the third.
        let block = max(quantization.blockRows, quantization.blockColumns)
        guard width / tensor % block == 0 else {
            throw .quantizationBlock(width: width, of: name, tensor: tensor, block: block)
        }
    }

    /// Prices a strategy whose blocks can be.
    func price(
        _ strategy: Strategy, _ attention: AttentionLayout, _ experts: ExpertLayout,
        prefillExperts: (strategy: Strategy, layout: ExpertLayout)? = nil
    ) -> Result<Plan, Rejection> {
        let pipeline = strategy.pipeline
        guard pipeline <= model.layers else { return .failure(.layers(model.layers, pipeline: pipeline)) }
        if case .paper(let dividesOnce) = options.costModel {
            return PaperCostModel(self, dividesOnce: dividesOnce).plan(strategy, attention, experts)
        }
        var use = memory.fixed(attention, experts, pipeline: pipeline)
        if let other = prefillExperts {
            use.experts += memory.fixed(attention, other.layout, pipeline: pipeline).experts
        }
        let largest = memory.largestBatch(use, attention, pipeline: pipeline)
        guard largest > 0 else {
            let one = memory.cache(requests: 1, attention, pipeline: pipeline)
            return .failure(.memory(needed: use.total + one, available: use.capacity, weights: use.weights))
        }
        let groups = strategy.attention.data
        func passage(_ step: RefinedModel.Step, _ experts: ExpertLayout) -> ServingModel.Passage {
            ServingModel.Passage(
                refined.cost(step, attention, experts, pipeline: pipeline, ranksPerStage: strategy.ranksPerStage),
                layers: model.layers, pipeline: pipeline)
        }
        let prefill = prefillExperts?.layout ?? experts
        let (steps, step) = serving.prefillSteps(requests: 1, groups: groups)
        let single = passage(step, prefill)
        var shared = single.stage * steps
        if groups > 1 {
            let (steps, step) = serving.prefillSteps(requests: Double(groups), groups: groups)
            shared = passage(step, prefill).stage * steps / Double(groups)
        }
        let prefills = ServingModel.Prefills(
            single: single.cost.seconds + (steps - 1) * single.stage, shared: shared,
            places: Double(groups * pipeline), cost: single.cost)
        let result = serving.performance(largestBatch: largest, prefills: prefills, pipeline: pipeline) { requests in
            passage(serving.decodeStep(requests: requests, groups: groups, pipeline: pipeline), experts)
        }
        guard let performance = result.performance else {
            return .failure(.overload(rate: workload.rate ?? 0, capacity: result.requestsPerSecond))
        }
        use.cache = memory.cache(requests: performance.batch, attention, pipeline: pipeline)
        return .success(
            Plan(
                strategy: strategy, prefillStrategy: prefillExperts?.strategy, performance: performance, memory: use))
    }
}

extension Rejection: Error {}
