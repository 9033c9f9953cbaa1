import Foundation
import MixPlanner

/// What `mixplan plan` prints for people.
struct PlanTable {
    let planner: Planner
    let search: PlanSearch
    let objective: Objective
    let top: Int
    let showsRejected: Bool

    func show(searchSeconds: Double?, explanation: [String]?) {
        let workload = planner.workload
        let load = workload.rate.map { "\(number($0)) requests/s" } ?? "as many requests as may run"
        print(
            "\(planner.cluster.name), \(workload.inputTokens) + \(workload.outputTokens) tokens, \(load), "
                + "up to \(workload.batch) at the same time; the best by \(objective.rawValue) first\n")
        let front = Set(search.paretoFront.map(\.name))
        let shown = search.plans.prefix(top)
        let width = max(8, shown.map(\.name.count).max() ?? 0)
        print(
            "    \("strategy".padded(width))  \("TTFT ms".right(9))  \("ITL ms".right(8))  \("tokens/s".right(9))  "
                + "\("requests".right(8))  \("GB/rank".right(8))")
        for (index, plan) in shown.enumerated() {
            let performance = plan.performance
            let isOnFront = front.contains(plan.name)
            print(
                "\("\(index + 1)".right(2))\(isOnFront ? "*" : " ") \(plan.name.padded(width))  "
                    + "\(number(performance.ttft * 1e3).right(9))  \(number(performance.itl * 1e3, 2).right(8))  "
                    + "\(number(performance.tokensPerSecond).right(9))  \(number(performance.batch).right(8))  "
                    + "\(number(plan.memory.total / 1e9).right(8))"
                    + (plan.meets(workload) ? "" : "  misses the limits"))
        }
        if search.plans.count > top { print("    … and \(search.plans.count - top) more") }
        print("\n* on the Pareto front of TTFT and throughput")
        if let searchSeconds {
            let count = search.plans.count + search.rejected.count
            print(
                "\(count) strategies in \(number(searchSeconds * 1e3, 2)) ms, \(search.rejected.count) of them rejected"
            )
        }
        showBest(search.plans[0])
        if showsRejected { showRejected() }
        if let explanation { print("\n" + explanation.joined(separator: "\n")) }
    }

    private func showBest(_ plan: Plan) {
        let memory = plan.memory
        print("\n\(plan.name)")
        print(
            "  memory of the fullest rank: \(number(memory.total / 1e9)) of \(number(memory.capacity / 1e9)) GB: "
                + [
                    ("experts", memory.experts), ("attention", memory.attention), ("others", memory.others),
                    ("embeddings", memory.embeddings), ("cache", memory.cache), ("activations", memory.activations),
                    ("buffers", memory.buffers),
                ].filter { $0.1 > 0 }.map { "\($0.0) \(number($0.1 / 1e9))" }.joined(separator: ", "))
        if planner.options.costModel == .refined, let (prefill, decode) = try? planner.simulate(plan) {
            let performance = plan.performance
            func line(_ name: String, _ form: StepCost, _ simulated: StepCost) -> String {
                let difference = (form.seconds / simulated.seconds - 1) * 100
                return
                    "\(name) \(number(simulated.seconds * 1e3, 2)) ms (closed forms \(String(format: "%+.1f", difference)) %)"
            }
            print(
                "  with schedules simulated: " + line("prefill", performance.prefill, prefill) + ", "
                    + line("decode", performance.decode, decode))
        }
        for phase in [BreakdownTerm.Phase.prefill, .decode, .serving] {
            let terms = planner.breakdown(of: plan).filter { $0.phase == phase }
            print("  \(phase.rawValue):")
            for term in terms {
                let value =
                    term.unit == "s" ? "\(number(term.value * 1e3, 3)) ms" : "\(number(term.value, 2)) \(term.unit)"
                print("    \(term.name.padded(36)) \(value.right(16))   \(term.source.rawValue): \(term.basis)")
            }
        }
    }

    private func showRejected() {
        print("\nrejected:")
        for (strategy, reason) in search.rejected { print("  \(strategy): \(reason)") }
    }

    private func number(_ value: Double, _ digits: Int = 1) -> String { String(format: "%.\(digits)f", value) }
}
