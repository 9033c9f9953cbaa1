import MixCollectives
import Testing

@testable import mixbench

@Suite struct PatternTests {
    static let rankCounts = [1, 2, 3, 8, 32, 100]

    /// What is expected is what the type itself computes, in rank order and with no rounding on the way.
    @Test(arguments: Reduction.allCases, rankCounts)
    func exactInEveryType(_ reduction: Reduction, _ ranks: Int) {
        let pattern = Pattern(ranks: ranks, reduction: reduction)
        for index in 0..<200 {
            let values = (0..<ranks).map { pattern.contribution(rank: $0, index: index) }
            let expected = pattern.expected(index: index)
            for value in values {
                #expect((0...127).contains(value))
                #expect(Float(BFloat16(small: value)) == Float(value))
            }
            // No partial result, in any order of ranks, is beyond the integers that a bfloat16 has.
            switch reduction {
            case .sum: #expect(values.reduce(0, +) == expected && expected <= 256)
            case .product: #expect(values.reduce(1, *) == expected && expected <= 64)
            case .min: #expect(values.min() == expected)
            case .max: #expect(values.max() == expected)
            case .average: #expect(values.reduce(0, +) == expected * ranks && expected * ranks <= 256)
            }
        }
    }

    /// A chunk of sums at another chunk's place has elements that are wrong, wherever chunks may begin.
    @Test(arguments: [Reduction.sum, .product, .min, .max, .average], [2, 3, 8])
    func seesMisplacedSums(_ reduction: Reduction, _ ranks: Int) {
        let pattern = Pattern(ranks: ranks, reduction: reduction)
        for distance in [1, 2, 8, 64, 251, 1024, 4096, 65536] {
            let wrong = (0..<128).count { pattern.expected(index: $0) != pattern.expected(index: $0 + distance) }
            #expect(wrong > 8)
        }
    }

    /// A rank that is left out, or that counts twice, changes sums.
    @Test(arguments: [2, 3, 8])
    func seesMissingRanks(ranks: Int) {
        let pattern = Pattern(ranks: ranks, reduction: .sum)
        for rank in 0..<ranks {
            #expect((0..<128).count { pattern.contribution(rank: rank, index: $0) != 0 } > 32)
            let other = (rank + 1) % ranks
            let differs = (0..<128).count {
                pattern.contribution(rank: rank, index: $0) != pattern.contribution(rank: other, index: $0)
            }
            #expect(differs > 32)
        }
    }

    /// Even the single byte of a small type tells sender, receiver and place apart.
    @Test func payloadsTellBlocksApart() {
        func byte(_ source: Int, _ destination: Int, _ index: Int) -> UInt8 {
            UInt8(truncatingIfNeeded: Pattern.payload(from: source, to: destination, index: index))
        }
        for (source, destination, shift) in [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 64), (0, 0, 4096), (1, 1, 0)] {
            let equal = (0..<256).count { byte(0, 0, $0) == byte(source, destination, $0 + shift) }
            #expect(equal < 16)
        }
    }
}
