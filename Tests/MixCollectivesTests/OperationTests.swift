import MixCollectives
import MixSchedule
import Testing

extension CollectiveTests {
    /// Every operation with every type, reduction, form and kind of memory, against a plain reference.
    @Suite struct Operations {
        @Test(arguments: [2, 3, 4])
        func everyTypeAndReduction(ranks: Int) async throws {
            var cases: [CollectiveCase] = []
            for operation in CollectiveCase.operations {
                for type in DataType.allCases {
                    for reduction in reductions(operation, type) {
                        for inPlace in CollectiveCase.forms(of: operation) {
                            for count in [0, 1, 2, 7, 63, 65, 1000] {
                                cases.append(
                                    CollectiveCase(
                                        operation: operation, type: type, reduction: reduction, count: count,
                                        root: cases.count % ranks, inPlace: inPlace,
                                        placement: CollectiveCase.Placement.allCases[cases.count % 4],
                                        shift: cases.count % 3 == 0 ? 1 : 0, seed: cases.count % 3))
                            }
                        }
                    }
                }
            }
            try await runAll(cases, ranks: ranks)
        }

        /// Large enough for mapped memory, schedules and series of exchanges.
        @Test(arguments: [2, 3, 5])
        func everyTypeAndReductionWhenLarge(ranks: Int) async throws {
            var cases: [CollectiveCase] = []
            for operation in CollectiveCase.operations {
                for type in DataType.allCases {
                    for reduction in reductions(operation, type) {
                        for inPlace in CollectiveCase.forms(of: operation) {
                            for placement in CollectiveCase.Placement.allCases {
                                cases.append(
                                    CollectiveCase(
                                        operation: operation, type: type, reduction: reduction,
                                        count: 9000 + cases.count % 77, root: cases.count % ranks, inPlace: inPlace,
                                        placement: placement, shift: cases.count % 2, seed: cases.count % 3))
                            }
                        }
                    }
                }
            }
            try await runAll(cases, ranks: ranks)
        }

        @Test(arguments: [1, 2, 3, 4, 5, 8, 16])
        func everyRankCountAndRoot(ranks: Int) async throws {
            var cases: [CollectiveCase] = []
            for operation in CollectiveCase.operations {
                for root in 0..<(operation.hasRoot ? ranks : 1) {
                    for inPlace in CollectiveCase.forms(of: operation) {
                        for placement in CollectiveCase.Placement.allCases {
                            for count in [0, 1, 5, 300, 5000] {
                                cases.append(
                                    CollectiveCase(
                                        operation: operation, count: count, root: root, inPlace: inPlace,
                                        placement: placement, seed: cases.count % 3))
                            }
                        }
                    }
                }
            }
            try await runAll(cases, ranks: ranks)
        }

        private func reductions(_ operation: Operation, _ type: DataType) -> [Reduction] {
            guard [.allReduce, .reduceScatter, .reduce].contains(operation) else { return [.sum] }
            return type.isReducible ? Reduction.allCases : []
        }
    }
}

/// Runs cases one after the other on one world.
func runAll(
    _ cases: [CollectiveCase], ranks: Int, nodes: Int = 1, tuning: Tuning = Tuning(), limit: Duration = .seconds(45),
    sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    precondition(!cases.isEmpty)
    let results = try await withWorld(ranks, nodes: nodes, tuning: tuning, limit: limit) { communicator in
        for one in cases { try one.run(on: communicator) }
    }
    succeeding(results, sourceLocation: sourceLocation)
}
