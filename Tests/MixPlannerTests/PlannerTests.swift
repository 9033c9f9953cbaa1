import MixPlanner
import Testing

@Suite struct PlannerTests {
    private func planner(
        _ model: ModelSpec = .qwen3x30B, _ cluster: ClusterSpec = .h200(nodes: 2), rate: Double? = nil, batch: Int = 64,
        options: PlannerOptions = PlannerOptions(), change: (inout Workload) -> Void = { _ in }
    ) throws -> Planner {
        var workload = Workload(inputTokens: 1024, outputTokens: 256, rate: rate, batch: batch)
        change(&workload)
        return try Planner(model: model, cluster: cluster, workload: workload, options: options)
    }

    @Test(arguments: Objective.allCases)
    func plansAreSorted(objective: Objective) throws {
        let search = try planner().search(for: objective)
        let costs = search.plans.map {
            switch objective {
            case .throughput: -$0.performance.tokensPerSecond
            case .ttft: $0.performance.ttft
            case .itl: $0.performance.itl
            }
        }
        #expect(costs == costs.sorted() && costs.count > 10)
        for plan in search.plans {
            #expect(plan.memory.total <= plan.memory.capacity)
            #expect(plan.performance.ttft > 0 && plan.performance.itl > 0)
            #expect(plan.performance.wait >= 0 && plan.performance.wait < plan.performance.ttft)
            #expect(plan.strategy.rankCount == 16)
        }
    }

    /// A row per token and group is less than one for each choice; parts of rows are less than whole ones, where the wire is slow.
    @Test func exchangesAreOrdered() throws {
        var cluster = ClusterSpec.h200(nodes: 2)
        cluster.betweenNodes.bandwidth = .flat(1e9)
        func decode(_ strategy: String, _ exchange: Exchange) throws -> StepCost {
            try planner(.qwen3x30B, cluster, options: PlannerOptions(exchange: exchange))
                .plan(Strategy(strategy)).performance.decode
        }
        func hybrid(_ exchange: Exchange) throws -> Double {
            try decode("TP=4 + DP=4, TP=4 + EP=4", exchange).dispatch
        }
        #expect(try hybrid(.fused) < hybrid(.wholeRows))
        #expect(try hybrid(.wholeRows) < hybrid(.unfused))
        #expect(try decode("DP=16, EP=16", .wholeRows) == decode("DP=16, EP=16", .fused))
    }

    /// Every combination is either a plan or rejected, and once only.
    @Test func nothingIsForgotten() throws {
        let search = try planner(
            options: PlannerOptions(allowsReplication: true, allowsTensorAcrossNodes: true, allowsPhases: false)
        )
        .search()
        let all = search.plans.map { "\($0.strategy)" } + search.rejected.map { "\($0.strategy)" }
        #expect(Set(all).count == all.count)
        for text in [
            "TP=8 + DP=2, TP=8 + EP=2", "TP=8 + DP=2, EP=16", "TP=16", "TP=8 [PP=2]", "DP=16, EP=16",
            "TP=4, TP=8 + EP=2",
        ] {
            #expect(all.contains(text), "\(text)")
        }
    }

    @Test func theParetoFrontIsNotDominated() throws {
        let search = try planner().search()
        let front = search.paretoFront
        #expect(front.first?.performance.ttft == search.plans.map(\.performance.ttft).min())
        #expect(front.last?.performance.tokensPerSecond == search.plans.map(\.performance.tokensPerSecond).max())
        for plan in search.plans {
            let isDominated = front.contains {
                $0.performance.ttft <= plan.performance.ttft
                    && $0.performance.tokensPerSecond >= plan.performance.tokensPerSecond
            }
            #expect(isDominated)
        }
    }

    @Test func aStrategyAloneHasThePriceOfTheSearch() throws {
        let planner = try planner()
        for plan in try planner.search().plans.prefix(8) where plan.prefillStrategy == nil {
            #expect(try planner.plan(plan.strategy) == plan)
        }
        #expect(throws: PlannerError.self) { try planner.plan(Strategy("TP=8")) }
    }

    @Test func rejectsWithNumbers() throws {
        func reason(_ model: ModelSpec, _ cluster: ClusterSpec, _ strategy: String) throws -> Rejection? {
            let error = try #require(
                #expect(throws: PlannerError.self) {
                    try planner(model, cluster).plan(Strategy(strategy))
                })
            guard case .rejected(_, let reason) = error else { return nil }
            return reason
        }
        #expect(try reason(.llama4Maverick, .h200(nodes: 2), "TP=16") == .heads(40, tensor: 16))
        #expect(try reason(.mixtral8x7B, .h200(nodes: 2), "DP=16, EP=16") == .experts(8, expert: 16))
        // 2048 over 32 ranks is half a block of 128.
        #expect(
            try reason(.deepseekV3, .h200(nodes: 4), "TP=8 + DP=4, TP=32")
                == .quantizationBlock(width: 2048, of: "experts", tensor: 32, block: 128))
        var uneven = ClusterSpec.h200(nodes: 2)
        uneven.ranksPerNode = 6
        #expect(try reason(.qwen3x30B, uneven, "TP=2 + DP=6, TP=4 + EP=3") == .experts(128, expert: 3))
        #expect(try reason(.qwen3x30B, uneven, "TP=4 + DP=3, TP=12") == .nodes(ranks: 4, ranksPerNode: 6))
        guard
            case .memory(let needed, let available, let weights) = try reason(
                .deepseekV3, .h100(nodes: 1), "TP=4 + DP=2, EP=8")
        else {
            Issue.record("it fits")
            return
        }
        #expect(needed > available && available == 0.9 * 80e9 && weights < needed)
    }

    @Test func saysWhatWouldHelp() throws {
        let error = try #require(
            #expect(throws: PlannerError.self) { try planner(.kimiK2, .twoSocketServer()).search() })
        guard case .doesNotFit(_, let needed, let available, let help) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(needed > available)
        #expect(help == "needs at least 3 nodes at bf16 or 2 at fp8")
        // And it does.
        for (nodes, weights) in [
            (3, WeightFormat(.bfloat16)), (2, WeightFormat(.bfloat16, quantization: .float8Blocks)),
        ] {
            var (model, cluster) = (ModelSpec.kimiK2, ClusterSpec.twoSocketServer())
            model.weights = weights
            cluster.nodes = nodes
            #expect(try !planner(model, cluster).search().plans.isEmpty)
            cluster.nodes -= 1
            #expect(throws: PlannerError.self) { try planner(model, cluster).search() }
        }
    }

    @Test func overload() throws {
        let capacity = try planner().search().plans[0].performance.requestsPerSecond
        #expect(try !planner(rate: capacity * 0.9).search().plans.isEmpty)
        let error = try #require(#expect(throws: PlannerError.self) { try planner(rate: capacity * 1.1).search() })
        guard case .overloaded(let rate, let most, _) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(rate == capacity * 1.1 && abs(most / capacity - 1) < 0.01)
    }

    @Test func impossibleLimits() throws {
        let error = try #require(
            #expect(throws: PlannerError.self) { try planner { $0.ttftLimit = 1e-6 }.search() })
        guard case .limitsMissed(let limit, nil, let best, _) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(limit == 1e-6 && best > 1e-6)
        // A limit that some meet puts these first.
        let search = try planner().search()
        let times = search.plans.map(\.performance.ttft).sorted()
        let limited = try planner { $0.ttftLimit = times[times.count / 2] }.search()
        let meets = limited.plans.map { $0.performance.ttft <= times[times.count / 2] }
        #expect(meets == meets.sorted { $0 && !$1 } && meets.contains(false))
    }

    @Test func refusesSenselessInput() throws {
        #expect(throws: PlannerError.self) { try planner { $0.inputTokens = 0 } }
        #expect(throws: PlannerError.self) { try planner { $0.rate = -1 } }
        #expect(throws: PlannerError.self) { try planner { $0.load = .powerLaw(exponent: .nan) } }
        var cluster = ClusterSpec.h200()
        cluster.betweenNodes.bandwidth = .flat(0)
        #expect(throws: PlannerError.cluster(name: cluster.name, reason: .bandwidth(link: "InfiniBand 400 Gb/s"))) {
            try planner(.qwen3x30B, cluster)
        }
        cluster = .h200()
        cluster.nodes = .max
        #expect(throws: PlannerError.self) { try planner(.qwen3x30B, cluster) }
        cluster = .h200()
        cluster.memory = nil
        #expect(throws: PlannerError.self) { try planner(.qwen3x30B, cluster) }
        cluster = .h200()
        cluster.compute = [:]
        #expect(throws: PlannerError.self) { try planner(.qwen3x30B, cluster) }
    }

    /// Whatever is faster makes no plan slower, and more load none faster.
    @Test func isMonotonic() throws {
        let options = PlannerOptions(allowsPhases: false)
        let base = try planner(.deepseekV3, .h200(nodes: 2), options: options)
        let plans = try base.search().plans
        func check(_ name: String, _ other: Planner) throws {
            for plan in plans {
                let better = try other.plan(plan.strategy).performance
                #expect(
                    better.prefill.seconds <= plan.performance.prefill.seconds * (1 + 1e-12), "\(name): \(plan.name)")
                #expect(better.decode.seconds <= plan.performance.decode.seconds * (1 + 1e-12), "\(name): \(plan.name)")
            }
        }
        func faster(_ change: (inout ClusterSpec) -> Void) throws -> Planner {
            var cluster = ClusterSpec.h200(nodes: 2)
            change(&cluster)
            return try planner(.deepseekV3, cluster, options: options)
        }
        try check("wire", faster { $0.betweenNodes.bandwidth = .flat(100e9) })
        try check("latency", faster { $0.betweenNodes.latency /= 2 })
        try check("inside", faster { $0.insideNode.bandwidth = .flat(900e9) })
        try check("memory", faster { $0.memoryBandwidth *= 2 })
        try check("compute", faster { $0.compute = $0.compute.mapValues { 2 * $0 } })
        try check("shorter", planner(.deepseekV3, .h200(nodes: 2), options: options) { $0.inputTokens = 512 })
        let skewed = try planner(.deepseekV3, .h200(nodes: 2), options: options) { $0.load = .powerLaw(exponent: 0.8) }
        for plan in plans where plan.strategy.experts.expert > 1 {
            #expect(try skewed.plan(plan.strategy).performance.prefill.experts >= plan.performance.prefill.experts)
        }
    }

    /// All ranks together hold the model at least once, and hardly more where nothing is on several ranks.
    @Test(arguments: ModelSpec.presets.map(\.name).filter { $0 != "mixtral-8x7b" })
    func weightsAddUp(name: String) throws {
        let model = try #require(ModelSpec.preset(name))
        let plan = try planner(model, .h200(nodes: 4), batch: 1).plan(
            Strategy("TP=8 + DP=4, EP=32"))
        let parameters = model.parameters
        let expected =
            Double(model.moeLayerCount * model.experts.count * parameters.expert) * model.weights.expertBytes / 32
        #expect(abs(plan.memory.experts / expected - 1) < 0.01)
        let attention = Double(model.layers * parameters.attention) * model.weights.layerBytes / 8
        #expect(plan.memory.attention > 0.99 * attention && plan.memory.attention < 3 * attention)
    }

    /// Of 61 layers of which 3 are dense, the fullest of 4 stages has 16 with experts, the only one 58.
    @Test func stagesShareLayers() throws {
        func experts(_ strategy: String) throws -> Double {
            try planner(.deepseekV3, .h200(nodes: 4), batch: 1).plan(Strategy(strategy)).memory.experts
        }
        let (one, four) = (try experts("TP=8 + DP=4, EP=32"), try experts("DP=8, EP=8 [PP=4]"))
        // Four times as many experts on each rank, of fewer layers.
        #expect(abs(four / one - 4.0 * 16 / 58) < 1e-9)
        // Every second layer of Llama 4 is dense.
        func layers(_ strategy: String) throws -> Double {
            try planner(.llama4Maverick, .h200(nodes: 4), batch: 1).plan(Strategy(strategy)).memory.experts
        }
        #expect(abs(try layers("DP=8, EP=8 [PP=4]") / layers("TP=8 + DP=4, EP=32") - 1) < 1e-9)
    }

    @Test func breakdownAddsUp() throws {
        let planner = try planner(.deepseekV3, .ascend910B())
        let plan = try planner.plan(Strategy("TP=8 + DP=4, TP=8 + EP=4"))
        let terms = planner.breakdown(of: plan)
        for (phase, seconds) in [
            (BreakdownTerm.Phase.prefill, plan.performance.prefill.seconds), (.decode, plan.performance.decode.seconds),
        ] {
            let sum = terms.filter { $0.phase == phase && $0.unit == "s" }.reduce(0) { $0 + $1.value }
            #expect(abs(sum / seconds - 1) < 1e-12)
        }
        #expect(terms.filter { $0.phase == .cluster }.allSatisfy { $0.source == .given })
        #expect(terms.allSatisfy { !$0.basis.isEmpty })
        #expect(terms.contains { $0.basis == "schedule: fused dispatch" })
    }

    @Test func explainsDifferences() throws {
        let planner = try planner(.deepseekV3, .ascend910B())
        let lines = planner.explain(
            try planner.plan(Strategy("TP=8 + DP=4, TP=8 + EP=4")), try planner.plan(Strategy("TP=8 [PP=4]")))
        #expect(lines.contains { $0.hasPrefix("TTFT: \"TP=8 + DP=4, TP=8 + EP=4\" has") })
        #expect(lines.contains { $0.contains("a stage's experts are on 32 ranks against 8") })
        #expect(lines.contains { $0.hasPrefix("Memory:") })
    }
}
