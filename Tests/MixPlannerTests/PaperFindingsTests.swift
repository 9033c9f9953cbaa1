import MixPlanner
import Testing

/// What "MixServe" reports of 4 × 8 Ascend 910B, out of the refined model: published hardware figures, one efficiency factor, which
/// is the cluster's and was fitted to one of these numbers (DeepSeek-R1's inter-token latency), weights in bf16, and requests of
/// ShareGPT's mean size.
@Suite struct PaperFindingsTests {
    private static let workload = Workload(inputTokens: 220, outputTokens: 200, batch: 16)
    private static let mixServe = "TP=8 + DP=4, TP=8 + EP=4"
    private static let dataExpert = ["TP=8 + DP=4, EP=32", "TP=4 + DP=8, EP=32"]

    private static func model(_ name: String) throws -> ModelSpec {
        var model = try #require(ModelSpec.preset(name))
        model.weights = WeightFormat(.bfloat16)
        return model
    }

    private static func planner(_ name: String, _ exchange: Exchange) throws -> Planner {
        try Planner(
            model: model(name), cluster: .ascend910B(), workload: workload,
            options: PlannerOptions(exchange: exchange, allowsPhases: false))
    }

    /// Of all strategies.
    @Test(arguments: ["deepseek-r1", "qwen3-235b-a22b"], [Objective.throughput, .itl])
    func theBestIsWhatMixServeChose(name: String, objective: Objective) throws {
        let search = try Self.planner(name, .fused).search(for: objective)
        #expect("\(search.plans[0].strategy)" == Self.mixServe)
        #expect(search.plans.count > 20)
    }

    @Test(arguments: [("deepseek-r1", 160.06e-3), ("qwen3-235b-a22b", 81.1e-3)])
    func interTokenLatency(name: String, reported: Double) throws {
        let plan = try Self.planner(name, .fused).plan(Strategy(Self.mixServe))
        #expect(abs(plan.performance.itl / reported - 1) < 0.05)
    }

    /// Gains over vLLM's tensor and pipeline parallelism, which are within a quarter of the reported ones, but for Qwen3's time to
    /// first token: the model says 2.3, the paper 3.8.
    @Test(arguments: [("deepseek-r1", 2.67, 1.42, 122.72 / 100.61), ("qwen3-235b-a22b", nil, 1.66, 150.08 / 113.52)])
    func gainOverTensorAndPipeline(name: String, ttft: Double?, itl: Double, throughput: Double) throws {
        let mix = try Self.planner(name, .fused).plan(Strategy(Self.mixServe)).performance
        let other = try Self.planner(name, .unfused).plan(Strategy("TP=8 [PP=4]")).performance
        let gains = [
            ("TTFT", other.ttft / mix.ttft, ttft), ("ITL", other.itl / mix.itl, itl),
            ("throughput", mix.tokensPerSecond / other.tokensPerSecond, throughput),
        ]
        for (measure, predicted, reported) in gains {
            print("\(name) \(measure) over TP=8 [PP=4]: \(predicted), reported \(reported ?? 3.80)")
            #expect(predicted > 1)
            if let reported {
                #expect(abs(predicted / reported - 1) < 0.25, "\(measure): \(predicted) for \(reported)")
            }
        }
    }

    /// Gains in time to first token over vLLM's data and expert parallelism, with whole rows from every lane, as equation (12) has it.
    @Test(arguments: [("deepseek-r1", 1.70...1.70), ("qwen3-235b-a22b", 1.32...1.93)])
    func gainOverDataAndExpert(name: String, reported: ClosedRange<Double>) throws {
        let mix = try Self.planner(name, .fused).plan(Strategy(Self.mixServe)).performance
        for strategy in Self.dataExpert {
            let other = try Self.planner(name, .unfused).plan(Strategy(strategy)).performance
            let gain = other.ttft / mix.ttft
            print("\(name) TTFT over \(strategy): \(gain), reported \(reported)")
            #expect(gain > reported.lowerBound * 0.75 && gain < reported.upperBound * 1.25)
        }
    }
}
