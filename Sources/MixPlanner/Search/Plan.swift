/// A strategy with its price.
public struct Plan: Sendable, Hashable {
    /// How the model is cut; where phases differ, for decoding.
    public var strategy: Strategy
    /// How it is cut for prefills, where that differs: in the experts' block only, whose weights are held in both ways.
    public var prefillStrategy: Strategy?
    /// What users see.
    public var performance: Performance
    /// What the fullest rank holds, with the cache of ``Performance/batch`` requests.
    public var memory: MemoryUse

    /// The strategy, or both, as a table shows it.
    public var name: String {
        prefillStrategy.map { "\(strategy) (prefill: \($0))" } ?? "\(strategy)"
    }

    /// Whether the limits of a workload are met.
    public func meets(_ workload: Workload) -> Bool {
        performance.ttft <= workload.ttftLimit ?? .infinity && performance.itl <= workload.itlLimit ?? .infinity
    }
}
