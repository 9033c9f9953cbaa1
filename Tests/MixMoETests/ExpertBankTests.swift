import CMixProducts
import MixCollectives
import Testing

@testable import MixMoE

extension ProductTests {
    @Suite struct ExpertBankTests {
        /// Uneven runs of slots of different widths, of every type, against sums of Double.
        @Test(arguments: [StoredType.float32, .float16, .bfloat16, .float8E4M3])
        func everyTypeOnEveryInstructionSet(type: StoredType) {
            var random = Generator(seed: seed)
            for activation in [ExpertActivation.silu, .clampedSwiGLU(alpha: 1.702, limit: 7)] {
                let sample = BankSample(
                    type, hidden: 130, widths: [1, 16, 24, 0, 96, 48], activation: activation, random: &random)
                for threads in [1, 3] {
                    withEachInstructionSet { isa in
                        let what = "\(type), \(activation), \(threads) threads, \(isa), seed \(seed)"
                        sample.check(Float.self, threads: threads, what, &random)
                        sample.check(BFloat16.self, threads: threads, what, &random)
                    }
                }
            }
        }

        /// More rows than are multiplied at once.
        @Test func manyRows() {
            var random = Generator(seed: seed)
            let sample = BankSample(.bfloat16, hidden: 64, widths: [32, 40], activation: .silu, random: &random)
            sample.check(BFloat16.self, threads: 2, counts: [515, 0], "one run", &random)
            sample.check(Float.self, threads: 2, counts: [257, 300], "two runs", &random)
        }

        /// Views of shards of gpt-oss's form give, summed over the lanes, what the whole gives.
        @Test(arguments: [StoredType.bfloat16, .float8E4M3])
        func shardsAddUp(type: StoredType) {
            var random = Generator(seed: seed)
            let (hidden, width) = (192, 96)
            let gate = StoredWeights(type, rows: width, columns: hidden, layout: .everySecondColumn, random: &random)
            let up = StoredWeights(type, rows: width, columns: hidden, layout: .everySecondColumn, random: &random)
            let down = StoredWeights(type, rows: hidden, columns: width, layout: .columns, random: &random)
            let x = (0..<hidden).map { _ in Float.random(in: -1...1, using: &random) }
            var results: [[Double]] = []
            for cuts in [[0, 96], [0, 32, 96], [0, 1, 4, 7, 96]] {
                var sum = [Double](repeating: 0, count: hidden)
                for (first, end) in zip(cuts, cuts.dropFirst()) {
                    let bank = ExpertBank(
                        hidden: hidden, activation: .silu, widths: [end - first], team: ThreadTeam(threads: 1))
                    bank.load(
                        slot: 0, gate: gate.matrix.rows(first..<end), up: up.matrix.rows(first..<end),
                        down: down.matrix.columns(first..<end))
                    var part = [Float](repeating: .nan, count: hidden)
                    bank.forward(rows: x, choiceRows: [0], choiceScales: nil, runs: [(0, 0..<1)], into: &part)
                    for index in 0..<hidden { sum[index] += Double(part[index]) }
                }
                results.append(sum)
            }
            #expect(relativeError(results[1], results[0]) < 1e-5)
            #expect(relativeError(results[2], results[0]) < 1e-5)
        }

        /// A row's result is the same bits alone and among others, a NaN beside it or not, and on every call.
        @Test func rowsAreIndependent() {
            withEachInstructionSet { isa in
                var random = Generator(seed: seed)
                let sample = BankSample(.bfloat16, hidden: 96, widths: [48], activation: .silu, random: &random)
                rowsAreIndependent(sample, Float.self, isa, &random)
                rowsAreIndependent(sample, BFloat16.self, isa, &random)
            }
        }

        private func rowsAreIndependent<Element: ExpertElement>(
            _ sample: BankSample, _ type: Element.Type, _ isa: String, _ random: inout Generator
        ) {
            let (hidden, count) = (sample.hidden, 33)
            let bank = sample.bank(threads: 2)
            var rows = (0..<count * hidden).map { _ in Element.make(Float.random(in: -1...1, using: &random)) }
            rows[20 * hidden + 5] = Element.make(.nan)
            var together = [Element](repeating: Element.make(0), count: rows.count)
            let order = (0..<Int32(count)).map { $0 }
            bank.forward(rows: rows, choiceRows: order, choiceScales: nil, runs: [(0, 0..<count)], into: &together)
            for row in 0..<count {
                var alone = [Element](repeating: Element.make(0), count: hidden)
                bank.forward(rows: rows, choiceRows: [Int32(row)], choiceScales: nil, runs: [(0, 0..<1)], into: &alone)
                let same = Array(together[row * hidden..<(row + 1) * hidden])
                if row == 20 {
                    #expect(same.allSatisfy { $0.double.isNaN })
                } else {
                    #expect(same.map(\.double) == alone.map(\.double), "row \(row), \(type), \(isa)")
                }
            }
        }

        /// A slot can be given another expert, and a bias can go.
        @Test func reloadingReplacesAnExpert() {
            var random = Generator(seed: seed)
            let first = BankSample(
                .bfloat16, hidden: 64, widths: [40], activation: .clampedSwiGLU(alpha: 1.702, limit: 7), random: &random
            )
            let second = BankSample(
                .float8E4M3, hidden: 64, widths: [40], activation: .clampedSwiGLU(alpha: 1.702, limit: 7),
                biased: false,
                random: &random)
            let bank = first.bank(threads: 2)
            for sample in [first, second, second, first] {
                sample.load(into: bank)
                sample.check(bank, Float.self, counts: [9], "reloaded", &random)
            }
        }
    }
}
