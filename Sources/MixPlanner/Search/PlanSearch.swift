/// All strategies of a cluster, with prices or reasons.
public struct PlanSearch: Sendable {
    /// Those that run, the best first: those that meet the workload's limits before those that do not, then by objective.
    public var plans: [Plan]
    /// Those that don't, with the reason.
    public var rejected: [(strategy: Strategy, reason: Rejection)]

    /// Takes plans, the best first.
    public init(plans: [Plan], rejected: [(strategy: Strategy, reason: Rejection)] = []) {
        self.plans = plans
        self.rejected = rejected
    }

    /// Plans than which no other has both less time to first token and more tokens per second, by time.
    public var paretoFront: [Plan] {
        var best = -Double.infinity
        return plans.sorted {
            ($0.performance.ttft, -$0.performance.tokensPerSecond) < (
                $1.performance.ttft, -$1.performance.tokensPerSecond
            )
        }.filter { plan in
            defer { best = max(best, plan.performance.tokensPerSecond) }
            return plan.performance.tokensPerSecond > best
        }
    }
}
