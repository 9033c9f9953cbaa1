import Foundation
@_exported import MixTestSupport

/// A new seed for every run, unless `MIX_TEST_SEED` gives one back; printed, to be given back.
let seed: UInt64 = {
    let given = ProcessInfo.processInfo.environment["MIX_TEST_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 0...UInt64.max)
    print("MixMoETests: MIX_TEST_SEED=\(seed)")
    return seed
}()
