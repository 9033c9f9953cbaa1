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
}
