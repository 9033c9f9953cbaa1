import MixCollectives
import MixPlanner
import MixTestSupport
import Testing

@testable import MixMoE

extension ProductTests {
    /// Loads that no fixture has: tokens that differ on every rank and call, experts in several places, rows without numbers.
    /// What one rank alone computes is right, by the fixtures.
    @Suite struct MoELayerLoadTests {
        /// Random rows, the same on whoever asks with the same seed.
        private static func rows(_ tokens: Int, _ width: Int, seed: UInt64) -> [Float] {
            var generator = SplitMix64(state: seed)
            return (0..<tokens * width).map { _ in Float.random(in: -1...1, using: &generator) }
        }

        /// The output of a world of one.
        private static func expected(_ fixture: LayerFixture, _ rows: [Float]) async throws -> [Float] {
            let results = try await withWorld(1) { world in
                let layer = try MoELayer(
                    checkpoint: Checkpoint(at: fixture.folder), layer: 0, strategy: Strategy("TP=1"), world: world,
                    options: MoELayerOptions(threads: 1))
                var output = [Float](repeating: .nan, count: rows.count)
                try layer.forward(rows, into: &output)
                return output
            }
            return try results[0].get()
        }

        private static func worst(_ found: [Float], _ wanted: [Float]) -> Float {
            let scale = wanted.reduce(Float(1e-30)) { max($0, abs($1)) }
            return zip(found, wanted).reduce(0) { worst, pair in
                let difference = abs(pair.0 - pair.1)
                return difference.isNaN ? .infinity : max(worst, difference / scale)
            }
        }

        @Test(arguments: [
            ("TP=2 + EP=2", 4, 2), ("EP=4", 4, 2), ("TP=2 + DP=2, EP=4", 4, 2), ("DP=4, TP=2 + EP=2", 4, 1),
            ("DP=4, EP=2", 4, 4), ("EP=2 + TP=2", 4, 2),
        ])
        func tokensDifferOnEveryCallAndPlacementsRepeatExperts(_ text: String, _ ranks: Int, _ nodes: Int) async throws
        {
            let seed = UInt64.random(in: 0 ... .max)
            var generator = SplitMix64(state: seed)
            let fixture = try LayerFixture("deepseek_v3")
            let strategy = try Strategy(text)
            let (width, groups) = (fixture.spec.hidden, strategy.attention.data)
            let calls = (0..<8).map { _ in
                (0..<groups).map { _ in [0, 1, 5, 40, 130].randomElement(using: &generator)! }
            }
            let degree = strategy.experts.expert
            let placement = ExpertHolders(
                ranksOfExpert: (0..<fixture.spec.experts.count).map { _ in
                    Array(
                        (0..<degree).shuffled(using: &generator).prefix(Int.random(in: 1...degree, using: &generator)))
                })
            // The rows of each call and group, and what becomes of them.
            var rows: [[[Float]]] = []
            var wanted: [[[Float]]] = []
            for (call, counts) in calls.enumerated() {
                rows.append(
                    counts.enumerated().map { Self.rows($1, width, seed: seed &+ UInt64(100 * call + $0)) })
                let all = try await Self.expected(fixture, rows[call].flatMap { $0 })
                var next = 0
                wanted.append(
                    counts.map { count in
                        defer { next += count * width }
                        return Array(all[next..<next + count * width])
                    })
            }
            let (inputs, outputs) = (rows, wanted)
            let results = try await withWorld(ranks, nodes: nodes) { world in
                for placement in [nil, placement] {
                    let layer = try MoELayer(
                        checkpoint: Checkpoint(at: fixture.folder), layer: 0, strategy: strategy, world: world,
                        options: MoELayerOptions(threads: 1, placement: placement))
                    defer { layer.close() }
                    for call in inputs.indices {
                        let input = inputs[call][layer.tokenGroup]
                        var output = [Float](repeating: .nan, count: input.count)
                        try layer.forward(input, into: &output)
                        let error = Self.worst(output, outputs[call][layer.tokenGroup])
                        guard error <= 1e-5 else { throw Wrong("call \(call), \(calls[call]) tokens: error \(error)") }
                    }
                }
            }
            for case .failure(let error) in results { Issue.record("seed \(seed): \(error)") }
        }

        /// A row with a NaN in it comes out as NaN, and no other row differs by a bit.
        @Test(arguments: ["TP=2 + EP=2", "EP=4", "TP=4"]) func notANumberStaysInItsRow(_ text: String) async throws {
            let strategy = try Strategy(text)
            for name in ["qwen3_moe", "deepseek_v3", "gpt_oss", "llama4", "mixtral"] {
                let fixture = try LayerFixture(name)
                let width = fixture.spec.hidden
                let results = try await withWorld(4, nodes: 2) { world in
                    let layer = try MoELayer(
                        checkpoint: Checkpoint(at: fixture.folder), layer: 0, strategy: strategy, world: world,
                        options: MoELayerOptions(threads: 1))
                    var rows = Self.rows(12, width, seed: UInt64(layer.tokenGroup))
                    var clean = [Float](repeating: 0, count: rows.count)
                    try layer.forward(rows, into: &clean)
                    rows[5 * width + 7] = .nan
                    var output = [Float](repeating: 0, count: rows.count)
                    try layer.forward(rows, into: &output)
                    for row in 0..<12 {
                        for column in row * width..<(row + 1) * width {
                            guard row == 5 ? output[column].isNaN : abs(output[column] - clean[column]) <= 1e-6 else {
                                throw Wrong("\(name), row \(row): \(output[column]) instead of \(clean[column])")
                            }
                        }
                    }
                }
                for case .failure(let error) in results { Issue.record(error) }
            }
        }
    }
}
