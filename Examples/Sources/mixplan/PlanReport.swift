import Foundation
import MixPlanner

/// What `mixplan plan --json` writes.
struct PlanReport: Encodable {
    struct Memory: Encodable {
        var attentionBytes, expertsBytes, othersBytes, embeddingsBytes, cacheBytes, activationsBytes,
            buffersBytes: Double
        var totalBytes, capacityBytes: Double

        init(_ memory: MemoryUse) {
            attentionBytes = memory.attention
            expertsBytes = memory.experts
            othersBytes = memory.others
            embeddingsBytes = memory.embeddings
            cacheBytes = memory.cache
            activationsBytes = memory.activations
            buffersBytes = memory.buffers
            totalBytes = memory.total
            capacityBytes = memory.capacity
        }
    }

    struct Term: Encodable {
        var phase, name: String
        var value: Double
        var unit, source, basis: String
    }

    struct Entry: Encodable {
        var strategy: String
        var prefillStrategy: String?
        var ttftMs, itlMs, tokensPerS, requestsPerS, waitMs, batch: Double
        /// For comparisons of clusters of different sizes, and of what one user sees.
        var tokensPerSPerRank, tokensPerSPerUser: Double
        var largestBatch: Int
        var meetsLimits: Bool
        var memory: Memory

        init(_ plan: Plan, _ workload: Workload) {
            let performance = plan.performance
            strategy = "\(plan.strategy)"
            prefillStrategy = plan.prefillStrategy.map { "\($0)" }
            ttftMs = performance.ttft * 1e3
            itlMs = performance.itl * 1e3
            tokensPerS = performance.tokensPerSecond
            requestsPerS = performance.requestsPerSecond
            waitMs = performance.wait * 1e3
            batch = performance.batch
            tokensPerSPerRank = performance.tokensPerSecond / Double(plan.strategy.rankCount)
            tokensPerSPerUser = 1 / performance.itl
            largestBatch = performance.largestBatch
            meetsLimits = plan.meets(workload)
            memory = Memory(plan.memory)
        }
    }

    struct Refused: Encodable {
        var strategy, reason: String
    }

    // The best plan's, or the one's that was asked for.
    var strategy: String
    var prefillStrategy: String?
    var ttftMs, itlMs, tokensPerS: Double
    var memory: Memory
    var breakdown: [Term]
    /// With schedules simulated step by step in place of closed forms.
    var simulatedPrefillMs, simulatedDecodeMs: Double

    var cluster, costModel, objective: String
    var searchMs: Double
    var plans: [Entry]
    var pareto: [String]
    var rejected: [Refused]
    var explanation: [String]?

    init(
        _ planner: Planner, _ search: PlanSearch, objective: Objective, costModel: String, searchMs: Double,
        explanation: [String]?
    ) throws {
        let best = search.plans[0]
        strategy = "\(best.strategy)"
        prefillStrategy = best.prefillStrategy.map { "\($0)" }
        ttftMs = best.performance.ttft * 1e3
        itlMs = best.performance.itl * 1e3
        tokensPerS = best.performance.tokensPerSecond
        memory = Memory(best.memory)
        breakdown = planner.breakdown(of: best).map {
            Term(
                phase: $0.phase.rawValue, name: $0.name, value: $0.value, unit: $0.unit, source: $0.source.rawValue,
                basis: $0.basis)
        }
        let simulated = try planner.simulate(best)
        simulatedPrefillMs = simulated.prefill.seconds * 1e3
        simulatedDecodeMs = simulated.decode.seconds * 1e3
        cluster = planner.cluster.name
        self.costModel = costModel
        self.objective = objective.rawValue
        self.searchMs = searchMs
        plans = search.plans.map { Entry($0, planner.workload) }
        pareto = search.paretoFront.map(\.name)
        rejected = search.rejected.map { Refused(strategy: "\($0.strategy)", reason: "\($0.reason)") }
        self.explanation = explanation
    }

    /// As text.
    var json: Data {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            encoder.keyEncodingStrategy = .convertToSnakeCase
            return try encoder.encode(self)
        }
    }
}
