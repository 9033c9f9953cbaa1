/// What a step takes: rooflines for what is computed, the library's schedules for what moves.
///
/// In words, for each layer:
///
/// * a matrix product takes the longer of its operations over the compute rate and its weights over memory bandwidth, both times
///   the cluster's efficiency; experts' weights count as far as any token touches them, on the group that touches most;
/// * attention's scores take the longer of their operations and of reading the cache;
/// * collectives take what their schedules take (``CollectiveForms``), in which fused dispatch and combine overlap what
///   happens inside nodes with what happens between them;
/// * the group of experts with the most rows sets the time: by popularity (``ExpertLoad``) and by chance.
///
/// Not in it: time to launch kernels, contention in the network, and computation that overlaps communication.
struct RefinedModel: Sendable {
    let model: ModelSpec
    let cluster: ClusterSpec
    let options: PlannerOptions
    let forms: CollectiveForms
    /// Seconds per operation on layers' weights, on experts', on scores and the output layer.
    private let layerOperation: Double
    private let expertOperation: Double
    private let plainOperation: Double
    /// Seconds per byte.
    private let byte: Double
    private let hidden: Double
    private let element: Double
    private let routingProbability: Double

    /// One step of one batch.
    struct Step {
        /// Tokens of the data parallel group that has the most.
        var tokens: Double
        /// Tokens of all groups.
        var allTokens: Double
        /// Requests of the group that has the most.
        var requests: Double
        /// Tokens that each token attends to, on average.
        var context: Double
        /// Whether requests add many tokens at once.
        var isPrefill: Bool
    }

    init(model: ModelSpec, cluster: ClusterSpec, options: PlannerOptions) throws(PlannerError) {
        guard let plain = cluster.computeRate(model.weights.plain) else {
            throw .invalidValue(
                file: cluster.name, key: "compute", value: "without a rate for \(model.weights.plain.rawValue)",
                expected: "operations per second by format, such as {\"bfloat16\": 989e12}")
        }
        self.model = model
        self.cluster = cluster
        self.options = options
        forms = CollectiveForms(cluster)
        func operation(_ format: NumberFormat?) -> Double {
            1 / (cluster.efficiency * (format.flatMap(cluster.computeRate) ?? plain))
        }
        let quantized = model.weights.quantization?.format
        plainOperation = operation(nil)
        expertOperation = operation(quantized)
        layerOperation = operation(model.weights.scope == .layers ? quantized : nil)
        byte = 1 / (cluster.efficiency * cluster.memoryBandwidth)
        hidden = Double(model.hidden)
        element = options.rows.elementBytes
        // Copies of an expert share its tokens.
        routingProbability = Double(model.experts.choices) / Double(model.experts.count + options.redundantExperts)
    }

    /// What a step takes through all stages, one after the other, with the closed forms of collectives.
    func cost(
        _ step: Step, _ attention: AttentionLayout, _ experts: ExpertLayout, pipeline: Int, ranksPerStage: Int
    ) -> StepCost {
        cost(step, attention, experts, pipeline: pipeline, ranksPerStage: ranksPerStage, pricing: forms)
    }

    /// What a step takes through all stages, one after the other.
    func cost(
        _ step: Step, _ attention: AttentionLayout, _ experts: ExpertLayout, pipeline: Int, ranksPerStage: Int,
        pricing: some CollectivePricing
    ) -> StepCost {
        var cost = StepCost()
        let layers = Double(model.layers)
        let moeLayers = Double(model.moeLayerCount)
        let denseLayers = Double(model.denseLayers.count)
        let states = step.tokens * hidden * element
        let width = Double(attention.attention.tensor)
        let cut = Double(experts.experts.tensor)

        // Attention.
        let projections = max(
            2 * step.tokens * attention.weights * layerOperation, attention.weights * model.weights.layerBytes * byte)
        let pair = step.isPrefill ? attention.pairPrefill : attention.pairDecode
        let cache = attention.keyValues * options.keyValues.bytes
        let read = step.isPrefill ? step.tokens * cache : step.tokens * step.context * cache
        let scores = max(2 * step.tokens * step.context * pair * plainOperation, read * byte)
        cost.attention = layers * (projections + scores)
        let reduction = pricing.allReduce(states, attention.group)

        // Experts.
        let holders = Double(attention.holders)
        let groupTokens = step.tokens * cut / holders
        let replicas = Double(ranksPerStage / experts.experts.rankCount)
        let isUnfused = options.exchange == .unfused
        if experts.experts.tensor == 1, !isUnfused, attention.attention.tensor > 1 {
            cost.attentionReduction = moeLayers * pricing.reduceScatter(states, attention.group)
        } else {
            cost.attentionReduction = moeLayers * reduction
        }
        cost.gathering = moeLayers * gathering(states, attention, experts, isUnfused: isUnfused, pricing)
        exchange(&cost, step, groupTokens: groupTokens, experts, pricing)
        let rows = experts.busiestRows(tokens: step.allTokens / replicas)
        let touched = experts.busiestTouched(tokens: step.allTokens / replicas, probability: routingProbability)
        let matrices = Double(3 * model.experts.width) * hidden / cut
        let between = Double(3 * model.experts.width) / cut
        let products = max(
            2 * rows * matrices * expertOperation,
            (touched * matrices * model.weights.expertBytes + rows * (2 * hidden + between) * element) * byte)
        cost.experts = moeLayers * (products + rows * hidden * (cluster.measured?.expertRowElement ?? 0))
        cost.routing =
            moeLayers
            * product(groupTokens, hidden * Double(model.experts.count), model.weights.plain.bytes, plainOperation)
        if model.experts.sharedWidth > 0 {
            let weights = Double(3 * model.experts.sharedWidth) * hidden / cut
            cost.shared = moeLayers * product(groupTokens, weights, model.weights.layerBytes, layerOperation)
        }

        // The rest.
        if denseLayers > 0, let denseWidth = model.denseWidth {
            let weights = Double(3 * denseWidth) * hidden / width
            cost.dense =
                denseLayers * (2 * reduction + product(step.tokens, weights, model.weights.layerBytes, layerOperation))
        }
        let table = Double(model.vocabulary) * hidden / width
        cost.output = product(step.requests, table, model.weights.plain.bytes, plainOperation)
        if pipeline > 1 {
            let message = pricing.message(states / width, betweenNodes: ranksPerStage >= cluster.ranksPerNode)
            cost.handover = Double(pipeline - 1) * (message + pricing.allGather(states, attention.group))
        }
        return cost
    }

    /// y = x Wᵀ of so many rows.
    private func product(_ rows: Double, _ weights: Double, _ bytes: Double, _ operation: Double) -> Double {
        max(2 * rows * weights * operation, weights * bytes * byte)
    }

    /// Where fewer ranks share an expert than hold a token, each group of them takes its share of the tokens, and gathers the
    /// others' results; where more do, they gather tokens first.
    private func gathering(
        _ states: Double, _ attention: AttentionLayout, _ experts: ExpertLayout, isUnfused: Bool,
        _ pricing: some CollectivePricing
    ) -> Double {
        let (holders, cut) = (attention.holders, experts.experts.tensor)
        guard holders != cut else { return 0 }
        let (large, small) = (max(holders, cut), min(holders, cut))
        guard large % small == 0 else { return 0 }
        if isUnfused, experts.experts.tensor == 1 { return 0 }
        let count = large / small
        let shape =
            GroupShape(size: count, stride: small, ranksPerNode: cluster.ranksPerNode)
            ?? GroupShape(nodes: count, perNode: 1)
        return pricing.allGather(holders > cut ? states : states * Double(count), shape)
    }

    /// Dispatch and combine.
    private func exchange(
        _ cost: inout StepCost, _ step: Step, groupTokens: Double, _ experts: ExpertLayout,
        _ pricing: some CollectivePricing
    ) {
        let moeLayers = Double(model.moeLayerCount)
        let grid = experts.grid
        guard grid.peers > 0 else {
            cost.combine = moeLayers * pricing.allReduce(groupTokens * hidden * element, grid.lanes)
            return
        }
        func volumes(tokens: Double, rows: Double) -> RowVolumes {
            RowVolumes(
                tokens: tokens, hidden: model.hidden, rows: rows, choices: experts.choicesPerGroup,
                formats: options.rows,
                sumsChoices: options.sumsChoices)
        }
        switch (options.exchange, experts.experts.tensor) {
        case (.fused, 1), (.wholeRows, 1):
            let volumes = volumes(tokens: groupTokens, rows: experts.rowsPerGroup)
            cost.dispatch = moeLayers * pricing.allToAllDispatch(volumes, grid)
            cost.combine = moeLayers * pricing.allToAllCombine(volumes, grid)
        case (.fused, _):
            let volumes = volumes(tokens: groupTokens, rows: experts.rowsPerGroup)
            cost.dispatch = moeLayers * pricing.fusedDispatch(volumes, grid)
            cost.combine = moeLayers * pricing.fusedCombine(volumes, grid)
        case (.unfused, 1):
            // Every holder of a token sends its k rows: those to one node go to the rank of the same lane there.
            let nodes = GroupShape(nodes: grid.groups.nodes, perNode: 1)
            let choices = Double(model.experts.choices) / Double(nodes.nodes)
            let volumes = volumes(tokens: step.tokens, rows: choices)
            let byLane = ExpertGrid(lanes: .single, groups: nodes)
            cost.dispatch = moeLayers * pricing.allToAllDispatch(volumes, byLane)
            cost.combine = moeLayers * pricing.allToAllCombine(volumes, byLane)
        case (.unfused, _), (.wholeRows, _):
            let rows = options.exchange == .unfused ? experts.choicesPerGroup : experts.rowsPerGroup
            let volumes = volumes(tokens: groupTokens, rows: rows)
            cost.dispatch = moeLayers * pricing.unfusedDispatch(volumes, grid)
            cost.combine = moeLayers * pricing.unfusedCombine(volumes, grid)
        }
    }
}
