extension Planner {
    /// Why no strategy is a plan, and what would help.
    func reason(_ rejected: [(strategy: Strategy, reason: Rejection)]) -> PlannerError {
        var highest: (strategy: Strategy, capacity: Double)?
        var leastMissing: (strategy: Strategy, needed: Double, available: Double)?
        for (strategy, reason) in rejected {
            switch reason {
            case .overload(_, let capacity) where capacity > highest?.capacity ?? 0: highest = (strategy, capacity)
            case .memory(let needed, let available, _) where needed < leastMissing?.needed ?? .infinity:
                leastMissing = (strategy, needed, available)
            default: break
            }
        }
        if let highest {
            return .overloaded(
                rate: workload.rate ?? 0, capacity: highest.capacity, strategy: "\(highest.strategy)")
        }
        if let leastMissing {
            return .doesNotFit(
                cluster: cluster.name, needed: leastMissing.needed, available: leastMissing.available,
                help: helpWithMemory())
        }
        return .noStrategy(cluster: cluster.name, reasons: Array(Set(rejected.map { "\($0.reason)" })).sorted())
    }

    /// The limits that no plan meets, with the best that there is.
    func missedLimits(_ plans: [Plan]) -> PlannerError {
        .limitsMissed(
            ttftLimit: workload.ttftLimit, itlLimit: workload.itlLimit,
            bestTTFT: plans.map(\.performance.ttft).min() ?? .infinity,
            bestITL: plans.map(\.performance.itl).min() ?? .infinity)
    }

    /// How many nodes would do, by the format of weights.
    private func helpWithMemory() -> String {
        let stored = model.weights.quantization?.format ?? model.weights.plain
        var formats: [(name: String, weights: WeightFormat)] = [
            ("bf16", WeightFormat(.bfloat16)), ("fp8", WeightFormat(.bfloat16, quantization: .float8Blocks)),
        ]
        if stored == .float4 { formats.append(("mxfp4", model.weights)) }
        let needs = formats.compactMap { name, weights in
            leastNodes(weights).map { (name, $0) }
        }
        guard !needs.isEmpty else {
            return "no number of nodes up to \(Planner.mostNodes) would do: one request is too long"
        }
        let list = needs.map { "\($0.1) at \($0.0)" }
        return "needs at least \(needs[0].1) node\(needs[0].1 == 1 ? "" : "s") at \(needs[0].0)"
            + (list.dropFirst().isEmpty ? "" : " or " + list.dropFirst().joined(separator: " or "))
    }

    private static let mostNodes = 256

    /// The least number of such nodes on which some strategy has room for a request.
    private func leastNodes(_ weights: WeightFormat) -> Int? {
        var model = model
        model.weights = weights
        return (1...Planner.mostNodes).first { nodes in
            var cluster = cluster
            cluster.nodes = nodes
            // A lower bound first: most numbers need no search.
            let total = (cluster.memory ?? 0) * options.memoryShare * Double(cluster.rankCount)
            guard Double(model.parameters.total) * weights.expertBytes < total,
                let planner = try? Planner(model: model, cluster: cluster, workload: workload, options: options)
            else { return false }
            return planner.fits()
        }
    }

    /// Whether any strategy has room for a request.
    private func fits() -> Bool {
        let space = StrategySpace(
            rankCount: cluster.rankCount, ranksPerNode: cluster.ranksPerNode, allowsReplication: false)
        return space.pipelines.filter { $0 <= model.layers }.contains { pipeline in
            let ranks = cluster.rankCount / pipeline
            let layouts = space.experts(ranks: ranks).compactMap { try? expertLayout($0) }
            return space.attentions(ranks: ranks).contains { block in
                guard let attention = try? attentionLayout(block, ranksPerStage: ranks) else { return false }
                return layouts.contains {
                    memory.largestBatch(memory.fixed(attention, $0, pipeline: pipeline), attention, pipeline: pipeline)
                        > 0
                }
            }
        }
    }
}
