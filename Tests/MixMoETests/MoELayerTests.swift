import Foundation
import MixCollectives
@testable import MixMoE
import MixPlanner
import MixTestSupport
import Testing

extension ProductTests {
    /// Layers of all families beside the reference's outputs. One after the other: ranks already outnumber the cores.
    @Suite struct MoELayerTests {
        @Test(arguments: LayerFixture.names) func oneRank(_ name: String) async throws {
            let fixture = try LayerFixture(name)
            let results = try await withWorld(1) { world in try fixture.check(Strategy("TP=1"), world) }
            for case .failure(let error) in results { Issue.record(error) }
        }

        /// Every family on every usual strategy of 2, 4 and 8 ranks on 1, 2 and 4 nodes: attention with more, as many, or
        /// fewer data parallel groups than experts have parts; of up to 4 ranks also with TP across nodes. Of 8 ranks each
        /// fixture takes a third of them, and all with MIX_ALL_STRATEGIES.
        @Test(arguments: [(2, 1), (2, 2), (4, 1), (4, 2), (4, 4), (8, 1), (8, 2), (8, 4)])
        func everyFamily(_ shape: (ranks: Int, nodes: Int)) async throws {
            let fixtures = try LayerFixture.names.map { try LayerFixture($0) }
            let strategies = RankLayoutTests.strategies(shape.ranks).filter {
                shape.ranks < 8 || ($0.attention.tensorIsInside && $0.experts.tensorIsInside)
            }
            try await check(fixtures, strategies, shape)
        }

        private func check(
            _ fixtures: [LayerFixture], _ strategies: [Strategy], _ shape: (ranks: Int, nodes: Int)
        ) async throws {
            let takesAll = shape.ranks < 8 || ProcessInfo.processInfo.environment["MIX_ALL_STRATEGIES"] != nil
            let results = try await withWorld(shape.ranks, nodes: shape.nodes, limit: .seconds(600)) { world in
                var count = 0
                for (number, fixture) in fixtures.enumerated() {
                    for (index, strategy) in strategies.enumerated()
                    where fixture.spec.admits(strategy) && (takesAll || (number + index).isMultiple(of: 3)) {
                        // In turns, so that both ways see every fixture.
                        let communication: MoELayerOptions.Communication = index.isMultiple(of: 2) ? .fused : .unfused
                        try fixture.check(strategy, world, MoELayerOptions(communication: communication))
                        count += 1
                    }
                }
                return count
            }
            for result in results {
                switch result {
                case .success(let count): #expect(count > fixtures.count)
                case .failure(let error): Issue.record(error)
                }
            }
        }
    }
}

extension ModelSpec {
    /// Whether degrees divide what they cut.
    func admits(_ strategy: Strategy) -> Bool {
        experts.count.isMultiple(of: strategy.experts.expert) && experts.width.isMultiple(of: strategy.experts.tensor)
            && experts.sharedWidth.isMultiple(of: strategy.experts.tensor)
            && (try? RankLayout(strategy, rankCount: strategy.ranksPerStage)) != nil
    }
}
