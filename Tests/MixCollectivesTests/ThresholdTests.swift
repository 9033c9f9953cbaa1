@testable import MixCollectives
import MixSchedule
import Testing

extension CollectiveTests {
    /// Sizes one below, at and one above every limit at which an operation takes another way.
    @Suite struct AroundThresholds {
        @Test(arguments: [2, 3], [DataType.uint8, .bfloat16, .float32, .float64])
        func everyOperation(ranks: Int, type: DataType) async throws {
            var cases: [CollectiveCase] = []
            for operation in CollectiveCase.operations {
                for bytes in limits(operation, ranks: ranks) {
                    for inPlace in CollectiveCase.forms(of: operation) {
                        for difference in -1...1 {
                            // Limits are of what a rank publishes: one block, or one for every rank.
                            let blocks = [.reduceScatter, .allToAll, .scatter].contains(operation) ? ranks : 1
                            cases.append(
                                CollectiveCase(
                                    operation: operation, type: type, count: bytes / type.size / blocks + difference,
                                    root: cases.count % ranks, inPlace: inPlace,
                                    placement: CollectiveCase.Placement.allCases[cases.count % 4],
                                    seed: cases.count % 3))
                        }
                    }
                }
            }
            try await runAll(cases, ranks: ranks)
        }

        private func limits(_ operation: Operation, ranks: Int) -> [Int] {
            // The header's own line, a single exchange, an exchange of a series, a channel, a slot.
            var limits: Set = [40, Thresholds.seriesBytes, 128 << 10, 256 << 10]
            for (inPlace, oversubscribed) in [(false, false), (true, false), (false, true), (true, true)] {
                limits.insert(
                    Thresholds.exchangeBytes(
                        operation, ranks: ranks, inPlace: inPlace, oversubscribed: oversubscribed))
            }
            return limits.sorted()
        }

        /// Beyond the size at which results are stored past the caches.
        @Test(arguments: [CollectiveCase.Placement.plain, .shared])
        func large(placement: CollectiveCase.Placement) async throws {
            var cases: [CollectiveCase] = []
            for operation in CollectiveCase.operations {
                for inPlace in CollectiveCase.forms(of: operation) {
                    let blocks = [.reduceScatter, .allToAll, .scatter, .allGather, .gather].contains(operation) ? 2 : 1
                    cases.append(
                        CollectiveCase(
                            operation: operation, count: (17 << 20) / 4 / blocks + 13, root: 1, inPlace: inPlace,
                            placement: placement, seed: cases.count % 3))
                }
            }
            try await runAll(cases, ranks: 2)
        }
    }
}
