import MixPlanner
import Testing

@testable import MixMoE

/// Who has which tokens and experts, checked symbolically for all ranks at once.
@Suite struct RankLayoutTests {
    /// All strategies of `ranks` ranks: degrees that divide, either term inside.
    static func strategies(_ ranks: Int) -> [Strategy] {
        let divisors = (1...ranks).filter { ranks.isMultiple(of: $0) }
        var all: Set<Strategy> = []
        for data in divisors {
            for tensor in divisors {
                for expert in divisors where ranks.isMultiple(of: tensor * expert) {
                    for isInside in [true, false] {
                        for attentionIsInside in [true, false] {
                            let attention = Strategy.Attention(
                                tensor: ranks / data, data: data, tensorIsInside: attentionIsInside)
                            let experts = Strategy.Experts(tensor: tensor, expert: expert, tensorIsInside: isInside)
                            if let strategy = try? Strategy(attention: attention, experts: experts) {
                                all.insert(strategy)
                            }
                        }
                    }
                }
            }
        }
        return all.sorted { "\($0)" < "\($1)" }
    }

    /// Every lane of exactly one copy of every chosen expert gets every token, wherever it comes from.
    @Test(arguments: [1, 2, 3, 4, 6, 8, 12, 16])
    func everyChoiceIsComputedOnce(_ ranks: Int) throws {
        let experts = 96
        var checked = 0
        for strategy in Self.strategies(ranks) {
            guard let layout = try? RankLayout(strategy, rankCount: ranks) else { continue }
            checked += 1
            let degree = strategy.experts.expert
            // The second placement has every third expert twice.
            let redundant = ExpertHolders(
                ranksOfExpert: (0..<experts).map { expert in
                    expert % 3 == 0 && degree > 1 ? [expert % degree, (expert + 1) % degree] : [expert % degree]
                })
            for placement in [ExpertHolders(experts: experts, degree: degree), redundant] {
                try check(strategy, layout, placement, ranks)
            }
        }
        // Most layouts fit: with both terms inside in the usual order, all do.
        #expect(checked > 0)
        for strategy in Self.strategies(ranks)
        where strategy.attention.tensorIsInside && strategy.experts.tensorIsInside
            && strategy.attention.tensor.isMultipleOrDivisor(of: strategy.experts.tensor)
            && (strategy.experts.expert.isMultipleOrDivisor(
                of: max(1, strategy.attention.tensor / strategy.experts.tensor)))
        {
            #expect(throws: Never.self, "\(strategy)") { try RankLayout(strategy, rankCount: ranks) }
        }
    }

    private func check(
        _ strategy: Strategy, _ layout: RankLayout, _ placement: ExpertHolders, _ ranks: Int
    ) throws {
        let maps = (0..<ranks).map { SlotMap(layout, placement, rank: $0, hasShared: true) }
        for (scope, members) in layout.scopes.enumerated() {
            for token in [0, 1, 2, 5] {
                for expert in [0, 3, 47, 95] {
                    var holders: [Int] = []
                    for rank in members {
                        let slot = Int(maps[rank].slot(of: expert, token: token))
                        guard slot >= 0 else { continue }
                        // The rank of the same lane and column in the scope that the slot belongs to.
                        let target = maps[rank].scopes[Int(maps[rank].nodeOfSlot[slot])]
                        let there = layout.scopes[target].first {
                            layout.lanes[$0] == layout.lanes[rank] && layout.column(of: $0) == layout.column(of: rank)
                        }!
                        #expect(
                            maps[there].ownExperts[slot - maps[there].firstOwn] == expert,
                            "\(strategy): rank \(rank), expert \(expert)")
                        holders.append(there)
                    }
                    #expect(
                        holders.map { layout.lanes[$0] }.sorted() == Array(0..<layout.laneCount),
                        "\(strategy): scope \(scope), token \(token), expert \(expert)")
                    #expect(Set(holders.map { layout.cells[$0] }).count == 1)
                }
                let shared = members.filter { maps[$0].sharedSlot(token: token) >= 0 }
                #expect(shared.map { layout.lanes[$0] }.sorted() == Array(0..<layout.laneCount))
            }
        }
    }

    /// Copies of an expert share its tokens out.
    @Test func redundantExpertsTakeTurns() throws {
        let layout = try RankLayout(Strategy("EP=4"), rankCount: 4)
        let placement = ExpertHolders(ranksOfExpert: [[0, 1, 2], [1], [2], [3]])
        // Rank 3 has no copy of expert 0: its tokens go to all three.
        let map = SlotMap(layout, placement, rank: 3, hasShared: false)
        let nodes = Set((0..<6).map { map.nodeOfSlot[Int(map.slot(of: 0, token: $0))] })
        #expect(nodes == [0, 1, 2])
        // Rank 1 has one, which costs no wire.
        let near = SlotMap(layout, placement, rank: 1, hasShared: false)
        #expect((0..<6).allSatisfy { near.nodeOfSlot[Int(near.slot(of: 0, token: $0))] == 1 })
    }

    @Test func strategiesThatDoNotFitSayWhy() throws {
        for (text, ranks, words) in [
            ("TP=4 + EP=2", 4, ["4 × 2", "4"]), ("TP=3 + DP=1, TP=1", 4, ["3 × 1"]), ("EP=8", 4, ["1 × 8"]),
        ] {
            let error = #expect(throws: MoEError.self) { try RankLayout(Strategy(text), rankCount: ranks) }
            #expect(error?.code == .invalidStrategy)
            for word in words { #expect(error?.message.contains(word) == true, "\(text): \(error?.message ?? "")") }
        }
    }
}

extension Int {
    fileprivate func isMultipleOrDivisor(of other: Int) -> Bool {
        isMultiple(of: other) || other.isMultiple(of: self)
    }
}
