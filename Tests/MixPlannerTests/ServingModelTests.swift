import MixPlanner
import Testing

/// Queues, through plans.
@Suite struct ServingModelTests {
    private func performance(rate: Double?, batch: Int = 32, _ strategy: String = "TP=8 + DP=2, TP=8 + EP=2") throws
        -> Performance
    {
        try Planner(
            model: .qwen3x30B, cluster: .h200(nodes: 2),
            workload: Workload(inputTokens: 1024, outputTokens: 256, rate: rate, batch: batch)
        ).plan(Strategy(strategy)).performance
    }

    /// Waiting grows with the rate, without bound towards the capacity, and the capacity is the same at every rate.
    @Test func waitingGrows() throws {
        let full = try performance(rate: nil)
        #expect(full.batch == 32)
        var last = 0.0
        for part in [0.01, 0.3, 0.6, 0.9, 0.99] {
            let some = try performance(rate: full.requestsPerSecond * part)
            #expect(some.wait > last)
            #expect(some.requestsPerSecond == full.requestsPerSecond)
            #expect(some.batch <= 32)
            last = some.wait
        }
        #expect(last > full.ttft)
        #expect(throws: PlannerError.self) { try performance(rate: full.requestsPerSecond * 1.001) }
    }

    /// Little's law: requests running are the rate times how long each one runs.
    @Test func requestsRunning() throws {
        let rate = try performance(rate: nil).requestsPerSecond * 0.7
        let some = try performance(rate: rate)
        let expected = rate * (some.prefill.seconds + 255 * some.itl)
        #expect(abs(some.batch / expected - 1) < 0.02)
    }

    /// Nobody is in the way of a single request.
    @Test func alone() throws {
        let alone = try performance(rate: 1e-6)
        #expect(abs(alone.itl / alone.decode.seconds - 1) < 0.02)
        #expect(alone.batch == 1 && alone.ttft < 1.2 * alone.prefill.seconds)
    }

    /// More requests at the same time: more tokens per second, each later.
    @Test func largerBatches() throws {
        let (small, large) = (try performance(rate: nil, batch: 8), try performance(rate: nil, batch: 64))
        #expect(large.tokensPerSecond > small.tokensPerSecond && large.itl > small.itl)
    }

    /// Prompts longer than a step take several.
    @Test func longPrompts() throws {
        func prefill(_ tokens: Int, _ strategy: String) throws -> (all: Double, step: Double) {
            let performance = try Planner(
                model: .qwen3x30B, cluster: .h200(nodes: 2),
                workload: Workload(inputTokens: tokens, outputTokens: 16, rate: 1e-6, batch: 1)
            ).plan(Strategy(strategy)).performance
            return (performance.ttft - performance.wait, performance.prefill.seconds)
        }
        let (one, two) = (try prefill(8192, "TP=8 + DP=2, TP=8 + EP=2"), try prefill(8193, "TP=8 + DP=2, TP=8 + EP=2"))
        #expect(abs(one.all / one.step - 1) < 1e-9 && abs(two.all / two.step - 2) < 1e-9)
        // The second stage works on one step while the first does the next: the time of nine stages for eight steps.
        let piped = try prefill(8 * 8192, "TP=8 [PP=2]")
        #expect(abs(piped.all / piped.step - 4.5) < 0.05)
    }
}
