import Foundation

/// SplitMix64, so that a test that fails can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// A new seed for every run, unless `MIX_TEST_SEED` gives one back; printed, to be given back.
let seed: UInt64 = {
    let given = ProcessInfo.processInfo.environment["MIX_TEST_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 0...UInt64.max)
    print("MixMoETests: MIX_TEST_SEED=\(seed)")
    return seed
}()
