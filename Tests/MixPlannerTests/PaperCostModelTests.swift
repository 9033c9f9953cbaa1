import MixPlanner
import Testing

/// Equations (1) to (11), computed again by hand.
@Suite struct PaperCostModelTests {
    private func plan(_ strategy: String, dividesOnce: Bool = true, rate: Double? = nil) throws -> Plan {
        var model = ModelSpec.deepseekV3
        model.weights = WeightFormat(.bfloat16)
        var cluster = ClusterSpec.ascend910B()
        cluster.efficiency = 0.5
        return try Planner(
            model: model, cluster: cluster,
            workload: Workload(inputTokens: 1000, outputTokens: 100, rate: rate, batch: 2),
            options: PlannerOptions(costModel: .paper(dividesOnce: dividesOnce), memoryShare: 1)
        ).plan(Strategy(strategy))
    }

    /// d_DP = d_EP = 4: 2·AR(b/4·s·h, 8) + 2·A2A(b/4·s·h·k, 4).
    @Test func hybrid() throws {
        let performance = try plan("TP=8 + DP=4, TP=8 + EP=4").performance
        let bytes = 2.0 * 1000 * 7168 * 2
        let reduce = 2 * bytes / 4 * 7 / 8 / 60e9
        let exchange = bytes / 4 * 8 / 4 * 3 / 25e9
        let parameters = ModelSpec.deepseekV3.parameters
        let active = Double(parameters.attention + parameters.shared + 8 * parameters.expert)
        let compute = 2 * active / 32 * 2 * 1000 / 4 / (376e12 * 0.5)
        let expected = 61 * (compute + 2 * reduce + 2 * exchange)
        #expect(abs(performance.prefill.seconds / expected - 1) < 1e-9)
        #expect(performance.ttft == performance.prefill.seconds)
        #expect(abs(performance.itl * 1000 / expected - 1) < 1e-9)
        let answer = performance.prefill.seconds + 100 * performance.itl
        #expect(abs(performance.tokensPerSecond / (1100 / answer) - 1) < 1e-9)
    }

    /// d_DP = 4 < d_EP = 32: 2·A2A(b/32·s·h·k, 4).
    @Test func moreExpertThanDataParallel() throws {
        let performance = try plan("TP=8 + DP=4, EP=32").performance
        let bytes = 2.0 * 1000 * 7168 * 2
        let exchange = bytes / 32 * 8 / 4 * 3 / 25e9
        #expect(abs(performance.prefill.dispatch / (61 * exchange) - 1) < 1e-9)
    }

    @Test func pipeline() throws {
        let performance = try plan("TP=8 [PP=4]").performance
        let bytes = 2.0 * 1000 * 7168 * 2
        #expect(abs(performance.prefill.handover / (3 * bytes / 25e9) - 1) < 1e-9)
        #expect(performance.prefill.dispatch == 0)
    }

    /// μ = 1/Δt, W_q = λ/(μ(μ−λ)).
    @Test func queue() throws {
        let alone = try plan("TP=8 + DP=4, TP=8 + EP=4").performance
        let service = 1 / alone.ttft
        let waiting = try plan("TP=8 + DP=4, TP=8 + EP=4", rate: service / 2).performance
        #expect(abs(waiting.wait * service - 1) < 1e-9)
        #expect(throws: PlannerError.self) { try plan("TP=8 + DP=4, TP=8 + EP=4", rate: service) }
    }

    /// Read literally, an all-reduce is 2/d of the volume and not 2(d−1)/d.
    @Test func asPrinted() throws {
        let (fixed, printed) = (
            try plan("TP=8 + DP=4, TP=8 + EP=4"), try plan("TP=8 + DP=4, TP=8 + EP=4", dividesOnce: false)
        )
        let ratio =
            fixed.performance.prefill.attentionReduction / printed.performance.prefill.attentionReduction
        #expect(abs(ratio - 7) < 1e-9)
    }

    /// (8).
    @Test func memory() throws {
        let plan = try plan("TP=8 + DP=4, TP=8 + EP=4")
        let parameters = ModelSpec.deepseekV3.parameters
        #expect(plan.memory.attention == Double(61 * parameters.attention) / 8 * 2)
        #expect(plan.memory.experts == Double(58 * 256 * parameters.expert) / 32 * 2)
        #expect(plan.memory.cache == 2 * 2 * 1100 * 7168 * 61 * 2)
    }
}
