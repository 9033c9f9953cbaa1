import MixPlanner
import Testing

/// What a search prices by closed forms is near what the simulation of the same schedules says.
@Suite struct SimulationTests {
    @Test(arguments: [ClusterSpec.ascend910B(), .h200(nodes: 2), .macStudio(count: 4)])
    func plansAreNearTheirSimulation(cluster: ClusterSpec) throws {
        var cluster = cluster
        // Communication alone, as far as that is possible.
        cluster.efficiency = 1
        let planner = try Planner(
            model: .qwen3x30B, cluster: cluster, workload: Workload(inputTokens: 512, outputTokens: 64, batch: 16))
        let plans = try planner.search().plans
        for plan in plans.prefix(6) {
            let (prefill, decode) = try planner.simulate(plan)
            for (phase, form, simulated) in [
                ("prefill", plan.performance.prefill, prefill), ("decode", plan.performance.decode, decode),
            ] {
                #expect(form.computation - form.dense == simulated.computation - simulated.dense)
                #expect(
                    abs(form.communication / simulated.communication - 1) < 0.15,
                    "\(plan.name) \(phase): \(form.communication) for \(simulated.communication)")
                #expect(abs(form.seconds / simulated.seconds - 1) < 0.05)
            }
        }
    }

    /// One layer by itself costs what it costs in a model of many.
    @Test func aLayerAlone() throws {
        let cluster = ClusterSpec.ascend910B()
        let planner = try Planner(
            model: .qwen3x235B, cluster: cluster, workload: Workload(inputTokens: 512, outputTokens: 64, batch: 1))
        let strategy = try Strategy("TP=8 + DP=4, TP=8 + EP=4")
        // One request: the other groups have none.
        let whole = try planner.plan(strategy).performance.prefill
        let layer = try MoELayerModel(model: .qwen3x235B, cluster: cluster).cost(
            strategy, tokens: 512, simulates: false)
        #expect(abs(94 * layer.dispatch / whole.dispatch - 1) < 1e-9)
        #expect(abs(94 * layer.combine / whole.combine - 1) < 1e-9)
        #expect(abs(94 * layer.routing / whole.routing - 1) < 1e-9)
        #expect(layer.experts * 94 >= whole.experts && layer.attention == 0)
        let simulated = try MoELayerModel(model: .qwen3x235B, cluster: cluster).cost(strategy, tokens: 512)
        #expect(abs(layer.seconds / simulated.seconds - 1) < 0.1)
        #expect(throws: PlannerError.self) {
            try MoELayerModel(model: .qwen3x235B, cluster: cluster).cost(Strategy("TP=8"), tokens: 1)
        }
    }
}
