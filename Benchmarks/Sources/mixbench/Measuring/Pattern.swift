import MixCollectives

/// What ranks contribute, so that a result tells whether every element of it is the right one.
///
/// Values depend on the rank, on the element's place in the whole buffer and, where data moves, on the receiver:
/// a chunk that lands elsewhere, comes twice or comes from another rank is seen, and not only a wrong sum.
/// Contributions to reductions are small integers, exact in every type also after the reduction.
struct Pattern: Sendable {
    let ranks: Int
    let reduction: Reduction
    /// Sums stay below 256, where bfloat16 ends to have every integer, up to 128 ranks.
    private let sumRange: UInt64
    private let averageRange: UInt64

    init(ranks: Int, reduction: Reduction) {
        self.ranks = ranks
        self.reduction = reduction
        sumRange = UInt64(min(8, max(2, 256 / ranks)))
        averageRange = UInt64(min(7, max(1, 120 / ranks)))
    }

    /// What `rank` contributes to element `index` of a reduction.
    func contribution(rank: Int, index: Int) -> Int {
        let place = Self.mix(UInt64(truncatingIfNeeded: index))
        switch reduction {
        case .sum:
            return Int(Self.mix(place &+ UInt64(rank) &* 0x9e37_79b9) % sumRange)
        case .min, .max:
            return Int(Self.mix(place &+ UInt64(rank) &* 0x9e37_79b9) % 101)
        case .product:
            // 1 or 2, and 2 from at most six ranks: 64 is the largest power that an Int8 can hold.
            let turn = (rank + Int(place % UInt64(ranks))) % ranks
            return turn < 6 && Self.mix(place &+ UInt64(turn)) & 1 == 1 ? 2 : 1
        case .average:
            // The same from all ranks, but one has one more and another one less: no rounding.
            let common = Int(place % averageRange) + 1
            guard ranks > 1 else { return common }
            return switch (rank + Int((place >> 8) % UInt64(ranks))) % ranks {
            case 0: common + 1
            case 1: common - 1
            default: common
            }
        }
    }

    /// Element `index` of the reduction of all ranks' contributions.
    func expected(index: Int) -> Int {
        var result = contribution(rank: 0, index: index)
        for rank in 1..<max(ranks, 1) where rank < ranks {
            let value = contribution(rank: rank, index: index)
            switch reduction {
            case .sum, .average: result += value
            case .product: result *= value
            case .min: result = min(result, value)
            case .max: result = max(result, value)
            }
        }
        return reduction == .average ? result / ranks : result
    }

    /// The bits of element `index` of what `source` sends to `destination`; take as many as the type has.
    @inline(__always)
    static func payload(from source: Int, to destination: Int, index: Int) -> UInt64 {
        mix(
            UInt64(truncatingIfNeeded: index) &+ UInt64(source) &* 0x9e37_79b9_7f4a_7c15
                &+ UInt64(destination) &* 0xd1b5_4a32_d192_ed03)
    }

    // The finaliser of SplitMix64: every bit of the result depends on every bit of the value.
    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        var bits = value &+ 0x9e37_79b9_7f4a_7c15
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }
}
