import MixPlanner
import Testing

@Suite struct StrategyTests {
    @Test(arguments: [
        "TP=8 + DP=4, TP=8 + EP=4 [PP=2]", "TP=8 + DP=4, TP=8 + EP=4", "TP=4 + DP=8, EP=32", "TP=8 [PP=4]", "TP=8",
        "TP=8 + DP=2, EP=16", "DP=32, EP=32", "DP=8 + TP=4, EP=4 + TP=8", "TP=8 + DP=4, TP=8 + EP=2",
        "TP=8, TP=8 + EP=4", "TP=1", "DP=4, EP=4 [PP=8]", "DP=8, TP=8", "TP=12 + DP=2, TP=3 + EP=8",
    ])
    func printsWhatItReads(text: String) throws {
        #expect(try "\(Strategy(text))" == text)
    }

    @Test func readsTerms() throws {
        let strategy = try Strategy("TP=4 + DP=8, EP=16 + TP=2 [PP=3]")
        #expect(strategy.attention == Strategy.Attention(tensor: 4, data: 8))
        #expect(strategy.experts == Strategy.Experts(tensor: 2, expert: 16, tensorIsInside: false))
        #expect(strategy.pipeline == 3 && strategy.ranksPerStage == 32 && strategy.rankCount == 96)
        #expect(strategy.attention.tensorIsInside && !strategy.experts.tensorIsInside)
    }

    @Test(arguments: [
        ("TP=2 + EP=2", "TP=2 + DP=2, TP=2 + EP=2"), ("EP=4", "DP=4, EP=4"), ("TP=4", "TP=4"),
        ("EP=2 + TP=2 [PP=2]", "DP=2 + TP=2, EP=2 + TP=2 [PP=2]"), ("TP=4, TP=4", "TP=4"),
        ("  TP = 2+DP=2 ,EP=4[ PP=1 ] ", "TP=2 + DP=2, EP=4"), ("TP=1 + DP=4, EP=4 + TP=1", "DP=4, EP=4"),
    ])
    func understandsOtherForms(text: String, full: String) throws {
        #expect(try "\(Strategy(text))" == full)
        #expect(try Strategy(text) == Strategy(full))
    }

    /// Every strategy of up to 16 ranks per stage.
    @Test func roundTrip() throws {
        var count = 0
        for (tensor, data, expertTensor, expert) in (1...4).flatMap({ a in
            (1...4).flatMap { b in (1...4).flatMap { c in (1...4).map { (a, b, c, $0) } } }
        }) {
            for order in 0..<4 {
                guard
                    let strategy = try? Strategy(
                        attention: .init(tensor: tensor, data: data, tensorIsInside: order & 1 == 0),
                        experts: .init(tensor: expertTensor, expert: expert, tensorIsInside: order & 2 == 0),
                        pipeline: order + 1)
                else { continue }
                #expect(try Strategy("\(strategy)") == strategy)
                count += 1
            }
        }
        #expect(count > 300)
    }

    @Test func replication() throws {
        let weights = try Strategy("TP=8 + DP=4, TP=8 + EP=2")
        #expect(weights.expertReplicas == 2 && weights.attentionReplicas == 1 && weights.ranksPerStage == 32)
        let states = try Strategy("TP=8, TP=8 + EP=4")
        #expect(states.expertReplicas == 1 && states.attentionReplicas == 4 && states.ranksPerStage == 32)
        #expect(throws: PlannerError.self) { try Strategy("TP=3, TP=2") }
    }

    @Test(arguments: [
        ("", 0), ("   ", 3), ("XP=4", 0), ("TP", 2), ("TP=", 3), ("TP=0", 3), ("TP=-1", 3), ("TP=x", 3),
        ("TP=99999999999999999999", 3), ("TP=8 +", 6), ("TP=8 + TP=4", 7), ("TP=8 + DP=4", 7), ("DP=4", 4),
        ("EP=4 + DP=2", 7),
        ("TP=8 + EP=4, TP=8 + EP=4", 7), ("TP=8, DP=4", 6), ("TP=8 + DP=4, TP=8 + EP=4 [", 26),
        ("TP=8 [PP=2", 10), ("TP=8 [EP=2]", 6), ("TP=8 [PP=2] x", 12), ("TP=8 EP=2", 5), ("TP=8,", 5),
        ("TP=8 + EP=2 + TP=2", 12), ("tp=8", 0), ("TP=8é", 4), ("TP=２", 3),
    ])
    func namesThePlace(text: String, position: Int) throws {
        let error = #expect(throws: PlannerError.self) { try Strategy(text) }
        guard case .strategySyntax(let found, let place, let expected) = error else {
            Issue.record("\(text): \(String(describing: error))")
            return
        }
        #expect(found == text && place == position && !expected.isEmpty, "\(text) at \(place): \(expected)")
    }
}
