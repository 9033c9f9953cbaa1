import MixPlanner
import Testing

@testable import MixMoE

@Suite struct RoutingRuleTests {
    private func choose(_ rule: some RoutingRule, _ logits: [Float]) -> (experts: [Int32], weights: [Float]) {
        var experts = [Int32](repeating: -1, count: rule.choices)
        var weights = [Float](repeating: 0, count: rule.choices)
        var scratch = [Float](repeating: 0, count: 2 * logits.count)
        logits.withUnsafeBufferPointer { logits in
            scratch.withUnsafeMutableBufferPointer { scratch in
                experts.withUnsafeMutableBufferPointer { experts in
                    weights.withUnsafeMutableBufferPointer { weights in
                        rule.choose(logits, scratch: scratch, experts: experts, weights: weights)
                    }
                }
            }
        }
        return (experts, weights)
    }

    /// Of equal scores the lower number comes first, as a stable sort has it.
    @Test func tiesGoToTheLowerNumber() {
        #expect(choose(SoftmaxRule(choices: 3, normalizes: true), [1, 2, 2, 2, 1]).experts == [1, 2, 3])
        #expect(choose(SoftmaxRule(choices: 4, normalizes: true), [1, 2, 2, 2, 1]).experts == [1, 2, 3, 0])
        #expect(choose(SigmoidRule(choices: 1), [0, 0, 0]).experts == [0])
        let rule = GroupedSigmoidRule(
            choices: 2, bias: [0, 0, 0, 0, 0, 0], groups: 3, keptGroups: 1, normalizes: true, scale: 1)
        #expect(choose(rule, [1, 1, 1, 1, 1, 1]).experts == [0, 1])
    }

    /// A token without a number in it still has k different experts, and its weights say what is wrong.
    @Test func notANumberChoosesAndPoisons() {
        let nothing = [Float](repeating: .nan, count: 8)
        let rules: [any RoutingRule] = [
            SoftmaxRule(choices: 3, normalizes: true), SoftmaxRule(choices: 3, normalizes: false),
            SigmoidRule(choices: 3),
            GroupedSigmoidRule(
                choices: 3, bias: Array(repeating: 0, count: 8), groups: 2, keptGroups: 1, normalizes: true, scale: 2),
        ]
        for rule in rules {
            let (experts, weights) = choose(rule, nothing)
            #expect(Set(experts).count == 3 && experts.allSatisfy { (0..<8).contains($0) }, "\(rule)")
            #expect(weights.allSatisfy { $0.isNaN }, "\(rule)")
        }
        #expect(choose(SoftmaxRule(choices: 2, normalizes: false), [.nan, 1, 2, .nan]).experts == [2, 1])
    }

    /// Selection against a sort, for random logits with many ties.
    @Test func agreesWithASort() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SplitMix64(state: seed)
        for _ in 0..<500 {
            let count = Int.random(in: 1...64, using: &generator)
            let choices = Int.random(in: 1...count, using: &generator)
            let logits = (0..<count).map { _ in Float(Int.random(in: -3...3, using: &generator)) }
            let sorted = logits.indices.sorted { (-logits[$0], $0) < (-logits[$1], $1) }.prefix(choices)
            let (experts, weights) = choose(SoftmaxRule(choices: choices, normalizes: true), logits)
            #expect(experts.map { Int($0) } == Array(sorted), "seed \(seed)")
            #expect(abs(weights.reduce(0, +) - 1) < 1e-5, "seed \(seed)")
        }
    }

    /// The bias chooses; the weights are without it, to the last bit.
    @Test func biasDoesNotWeigh() {
        let bias: [Float] = [0, 1000, 0, 0]
        let rule = GroupedSigmoidRule(
            choices: 2, bias: bias, groups: 1, keptGroups: 1, normalizes: false, scale: 2.5)
        let (experts, weights) = choose(rule, [3, -5, 1, 2])
        #expect(experts == [1, 0])
        #expect(weights == [2.5 * SigmoidRule.sigmoid(-5), 2.5 * SigmoidRule.sigmoid(3)])
    }

    /// Experts of groups that are left out are not chosen, however good they are alone.
    @Test func groupsLimit() {
        // The best expert is alone in its group, whose two best together are behind the other groups'.
        let rule = GroupedSigmoidRule(
            choices: 4, bias: Array(repeating: 0, count: 6), groups: 3, keptGroups: 2, normalizes: true, scale: 1)
        let (experts, _) = choose(rule, [9, -9, 2, 2, 1, 1.5])
        #expect(Set(experts) == [2, 3, 4, 5])
    }
}
