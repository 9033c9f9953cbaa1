import Testing

@testable import MixPlanner

/// What is expected of the busiest group of experts, against routers that are played.
@Suite struct ExpertLayoutTests {
    private static let seed = UInt64.random(in: 0...UInt64.max)

    /// The means over many steps of the busiest group's rows and of the most experts that a group has touched.
    ///
    /// - Parameter sharing: groups whose means count.
    private func play(
        tokens: Int, groups: Int, experts: Int, choices: Int, sharing: Int = 1
    ) -> (rows: Double, touched: Double) {
        var random = SplitMix64(state: Self.seed)
        var (rows, touched) = (0.0, 0.0)
        let steps = 400
        var order = Array(0..<experts)
        for _ in 0..<steps {
            var counts = Array(repeating: 0, count: experts)
            for _ in 0..<tokens {
                for index in 0..<choices {
                    order.swapAt(index, Int.random(in: index..<experts, using: &random))
                    counts[order[index]] += 1
                }
            }
            let size = experts / groups * sharing
            let parts = (0..<groups / sharing).map { counts[$0 * size..<($0 + 1) * size] }
            rows += Double(parts.map { $0.reduce(0, +) }.max() ?? 0) / Double(sharing)
            touched += Double(parts.map { $0.count { $0 > 0 } }.max() ?? 0) / Double(sharing)
        }
        return (rows / Double(steps), touched / Double(steps))
    }

    @Test(arguments: [(4, 32), (16, 4), (16, 32), (128, 32), (512, 8), (64, 1)])
    func busiestGroup(tokens: Int, groups: Int) throws {
        print("ExpertLayoutTests seed \(Self.seed)")
        let layout = try #require(
            ExpertLayout(
                .init(expert: groups), ranksPerNode: 8, model: .deepseekV3, imbalance: 1,
                options: PlannerOptions()))
        let played = play(tokens: tokens, groups: groups, experts: 256, choices: 8)
        let rows = layout.busiestRows(tokens: Double(tokens))
        let touched = layout.busiestTouched(tokens: Double(tokens), probability: 8.0 / 256)
        // A normal distribution is a poor picture of one row per group.
        #expect(abs(rows / played.rows - 1) < (tokens < 8 ? 0.15 : 0.1), "\(rows) for \(played.rows)")
        #expect(abs(touched / played.touched - 1) < 0.1, "\(touched) for \(played.touched)")
    }

    @Test(arguments: [(16, 8, 1), (16, 8, 2), (128, 16, 1), (4, 8, 8)])
    func ranksThatShareProcessorsAndMemoryShareTheirLoad(tokens: Int, groups: Int, cut: Int) throws {
        print("ExpertLayoutTests seed \(Self.seed)")
        let layout = try #require(
            ExpertLayout(
                .init(tensor: cut, expert: groups), ranksPerNode: 4, model: .deepseekV3, imbalance: 1,
                options: PlannerOptions(), processorsPerNode: 2, ranksPerMemory: 4))
        let played = play(tokens: tokens, groups: groups, experts: 256, choices: 8, sharing: max(1, 4 / cut))
        let rows = layout.busiestRows(tokens: Double(tokens))
        let touched = layout.busiestTouched(tokens: Double(tokens), probability: 8.0 / 256)
        #expect(abs(rows / played.rows - 1) < 0.1, "\(rows) for \(played.rows)")
        #expect(abs(touched / played.touched - 1) < 0.1, "\(touched) for \(played.touched)")
    }

    @Test func popularityIsNotChance() throws {
        let load = ExpertLoad.recorded([(0..<256).map { $0 < 64 ? 3 : 1 }])
        let one = try #require(
            ExpertLayout(
                .init(expert: 4), ranksPerNode: 8, model: .deepseekV3,
                imbalance: load.imbalance(of: .deepseekV3, expert: 4, options: PlannerOptions()),
                options: PlannerOptions()))
        // The first group has half of all choices, twice the mean.
        #expect(one.imbalance == 2)
        #expect(abs(one.busiestRows(tokens: 1e6) / (1e6 * 8 / 2) - 1) < 0.01)
        #expect(ExpertLoad.powerLaw(exponent: 0).imbalance(experts: 256, groups: 32) == 1)
        let mild = ExpertLoad.powerLaw(exponent: 0.5).imbalance(experts: 256, groups: 32)
        let strong = ExpertLoad.powerLaw(exponent: 1).imbalance(experts: 256, groups: 32)
        #expect(1 < mild && mild < strong && strong < 32)
        // Placed by load, and the most popular ones twice.
        let popular = ExpertLoad.powerLaw(exponent: 0.5)
        let balanced = popular.imbalance(experts: 256, groups: 32, isBalanced: true)
        let redundant = popular.imbalance(experts: 256, groups: 32, redundant: 32, isBalanced: true)
        #expect(1 <= redundant && redundant < balanced && balanced < mild)
    }

    @Test func groupsLieOnNodes() {
        func shape(_ size: Int, _ stride: Int) -> GroupShape? {
            GroupShape(size: size, stride: stride, ranksPerNode: 8)
        }
        #expect(shape(1, 5) == .single)
        #expect(shape(8, 1) == GroupShape(nodes: 1, perNode: 8))
        #expect(shape(4, 8) == GroupShape(nodes: 4, perNode: 1))
        #expect(shape(4, 2) == GroupShape(nodes: 1, perNode: 4))
        #expect(shape(16, 2) == GroupShape(nodes: 4, perNode: 4))
        #expect(shape(32, 1) == GroupShape(nodes: 4, perNode: 8))
        #expect(shape(3, 1) == nil && shape(2, 3) == nil && shape(12, 1) == nil && shape(2, 12) == nil)
    }

    @Test(arguments: [(2, 0.5642), (4, 1.0294), (32, 2.0697), (256, 2.8316)])
    func maximumOfNormals(count: Int, expected: Double) {
        #expect(abs(expectedMaximum(ofNormals: count) - expected) < 0.03)
        #expect(expectedMaximum(ofNormals: 1) == 0)
    }
}
