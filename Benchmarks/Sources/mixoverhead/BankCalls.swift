import COverheadCounter
import MixMoE

/// One rank's experts, called again and again with as many choices as were called before.
enum BankCalls {
    /// Allocations of `count` calls with 1 to 40 choices of uneven experts, after a few that may allocate.
    static func allocations(count: Int) -> UInt64 {
        let (hidden, slots) = (256, 4)
        let bank = ExpertBank(hidden: hidden, activation: .silu, widths: [64, 96, 0, 32], threads: 2)
        for slot in 0..<slots { bank.fill(slot: slot, with: .bfloat16, seed: UInt64(slot)) }
        let rows = [Float](repeating: 0.5, count: 8 * hidden)
        let choices = (0..<40).map { Int32($0 % 8) }
        var partials = [Float](repeating: 0, count: choices.count * hidden)
        var results = partials.mutableSpan
        var calls: [[(slot: Int, choices: Range<Int>)]] = []
        for most in [1, 7, 40] { calls.append((0..<slots).map { ($0, $0 * most / slots..<($0 + 1) * most / slots) }) }
        var before: UInt64 = 0
        for index in 0..<100 + count {
            if index == 100 { before = overhead_allocations() }
            bank.forward(
                rows: rows.span, choiceRows: choices, choiceScales: nil, runs: calls[index % calls.count],
                into: &results)
        }
        return overhead_allocations() - before
    }
}
