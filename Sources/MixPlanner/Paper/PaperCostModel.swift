/// The cost model of "MixServe" as printed: equations (1) to (11).
///
/// What is printed as proportional gets these constants: bytes over the bandwidth of the link that a group's slowest step takes, at
/// 1 GiB, and 2 operations per parameter and token over compute rate × efficiency, in which h of (4) cancels. Ψ in (4) are
/// the parameters of a layer that a token is multiplied by. In (8) Ψ is divided by d_PP as well, without which the paper's own
/// baselines would not fit. b is the workload's largest batch, μ in (7) that of a prefill.
///
/// (1) and (2) together divide by the degree once, as in a ring: (d−1)/d of the volume for each of RS and AG. Read literally, AG
/// of a size that is already a part divides twice; `dividesOnce` false does that where it makes a difference, in (13).
///
/// - Source: "MixServe" (arXiv 2601.08800), equations (1) to (11).
public struct PaperCostModel: Sendable {
    private let model: ModelSpec
    private let cluster: ClusterSpec
    private let workload: Workload
    private let options: PlannerOptions
    private let capacity: Double
    private let dividesOnce: Bool

    init(_ planner: Planner, dividesOnce: Bool) {
        model = planner.model
        cluster = planner.cluster
        workload = planner.workload
        options = planner.options
        capacity = planner.memory.capacity
        self.dividesOnce = dividesOnce
    }

    /// Seconds per byte on a group's slowest link.
    private func byte(_ shape: GroupShape) -> Double {
        let link = shape.nodes > 1 ? cluster.betweenNodes : cluster.insideNode
        return link.bandwidth.seconds(1 << 30) / Double(1 << 30)
    }

    /// (1): RS = AG.
    private func allGather(_ bytes: Double, _ shape: GroupShape) -> Double {
        let degree = Double(shape.size)
        return dividesOnce ? bytes * (degree - 1) / degree * byte(shape) : bytes / degree * byte(shape)
    }

    /// (2): AR = RS + AG.
    private func allReduce(_ bytes: Double, _ shape: GroupShape) -> Double {
        shape.size > 1 ? 2 * allGather(bytes, shape) : 0
    }

    /// (3).
    private func allToAll(_ bytes: Double, _ shape: GroupShape) -> Double {
        bytes / Double(shape.size) * Double(shape.size - 1) * byte(shape)
    }

    /// (4), (5) and (6) for s tokens of each of b requests.
    private func step(
        tokens: Int, _ strategy: Strategy, _ attention: AttentionLayout, _ experts: ExpertLayout
    ) -> StepCost {
        let (tensor, expert) = (Double(strategy.experts.tensor), Double(strategy.experts.expert))
        let data = Double(strategy.attention.data)
        let bytes = Double(workload.batch * tokens * model.hidden) * options.rows.elementBytes
        let (layers, choices) = (Double(model.layers), Double(model.experts.choices))
        let parameters = model.parameters
        let perToken =
            Double(parameters.attention + parameters.shared + model.experts.choices * parameters.expert)
        let format = model.weights.quantization?.format ?? model.weights.plain
        let rate =
            (cluster.computeRate(format) ?? cluster.computeRate(model.weights.plain) ?? .infinity) * cluster.efficiency

        var cost = StepCost()
        cost.experts = layers * 2 * perToken / (tensor * expert) * Double(workload.batch * tokens) / data / rate
        cost.attentionReduction = layers * allReduce(bytes / data, attention.group)
        cost.combine = layers * allReduce(bytes / data, experts.grid.lanes)
        let exchange: Double
        if data >= expert {
            exchange = expert > 1 ? allToAll(bytes / data * choices, experts.grid.groups) : 0
        } else {
            let groups = GroupShape(
                nodes: max(1, min(strategy.attention.data, experts.grid.groups.nodes)),
                perNode: max(1, strategy.attention.data / max(1, experts.grid.groups.nodes)))
            exchange = data > 1 ? allToAll(bytes / expert * choices, groups) : 0
        }
        cost.dispatch = layers * exchange
        cost.combine += layers * exchange
        let hop = strategy.ranksPerStage >= cluster.ranksPerNode ? GroupShape(nodes: 2, perNode: 1) : .single
        cost.handover = Double(strategy.pipeline - 1) * bytes / data * byte(hop)
        return cost
    }

    /// (7) to (11).
    func plan(
        _ strategy: Strategy, _ attention: AttentionLayout, _ experts: ExpertLayout
    ) -> Result<Plan, Rejection> {
        let (batch, length) = (Double(workload.batch), Double(workload.length))
        let parameters = model.parameters
        let (tensor, expert, pipeline) = (
            Double(strategy.attention.tensor), Double(strategy.experts.rankCount), Double(strategy.pipeline)
        )
        var use = MemoryUse()
        use.attention = Double(model.layers * parameters.attention) / tensor / pipeline * model.weights.layerBytes
        use.experts =
            Double(model.moeLayerCount * model.experts.count * parameters.expert) / expert / pipeline
            * model.weights.expertBytes
        use.cache = 2 * batch * length * Double(model.hidden * model.layers) / pipeline * options.keyValues.bytes
        use.capacity = capacity
        guard use.total < capacity else {
            return .failure(.memory(needed: use.total, available: capacity, weights: use.weights))
        }
        let prefill = step(tokens: workload.inputTokens, strategy, attention, experts)
        let decode = step(tokens: 1, strategy, attention, experts)
        let service = 1 / prefill.seconds
        var wait = 0.0
        if let rate = workload.rate {
            guard rate < service else { return .failure(.overload(rate: rate, capacity: service)) }
            wait = rate / (service * (service - rate))
        }
        let answer = wait + prefill.seconds + Double(workload.outputTokens) * decode.seconds
        return .success(
            Plan(
                strategy: strategy, prefillStrategy: nil,
                performance: Performance(
                    ttft: wait + prefill.seconds, itl: decode.seconds, tokensPerSecond: length / answer,
                    requestsPerSecond: service, wait: wait, batch: batch, largestBatch: workload.batch,
                    prefill: prefill, decode: decode), memory: use))
    }
}
