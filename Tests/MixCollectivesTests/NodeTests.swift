import MixCollectives
import MixSchedule
import Testing

extension CollectiveTests {
    /// Ranks on virtual nodes: shared memory inside, TCP over loopback between.
    @Suite struct Nodes {
        private static let shapes = [(2, 2), (4, 2), (4, 4), (6, 3), (6, 2)]

        @Test(arguments: shapes)
        func everyOperation(ranks: Int, nodes: Int) async throws {
            var cases: [CollectiveCase] = []
            for operation in CollectiveCase.operations {
                for root in 0..<(operation.hasRoot ? ranks : 1) {
                    for inPlace in CollectiveCase.forms(of: operation) {
                        for count in [0, 1, 5, 300, 5000, 70000] {
                            cases.append(
                                CollectiveCase(
                                    operation: operation, count: count, root: root, inPlace: inPlace,
                                    placement: CollectiveCase.Placement.allCases[cases.count % 4],
                                    seed: cases.count % 3, values: .exact))
                        }
                    }
                }
            }
            try await runAll(cases, ranks: ranks, nodes: nodes)
        }

        @Test func everyTypeAndReduction() async throws {
            var cases: [CollectiveCase] = []
            for operation in CollectiveCase.operations {
                for type in DataType.allCases {
                    let isReduced = [.allReduce, .reduceScatter, .reduce].contains(operation)
                    // Nodes are combined one by one: only what every order gives can be compared with rank order.
                    for reduction in isReduced ? (type.isReducible ? Reduction.allCases : []) : [.sum] {
                        for count in [3, 1000, 20000] {
                            cases.append(
                                CollectiveCase(
                                    operation: operation, type: type, reduction: reduction, count: count,
                                    root: cases.count % 4, inPlace: CollectiveCase.forms(of: operation)[0],
                                    placement: CollectiveCase.Placement.allCases[cases.count % 4],
                                    seed: cases.count % 3, values: .exact))
                        }
                    }
                }
            }
            try await runAll(cases, ranks: 4, nodes: 2)
        }

        /// What two ranks say to each other is nobody else's to count.
        @Test func messagesBetweenCollectives() async throws {
            let results = try await withWorld(4, nodes: 2) { world in
                for turn in 0..<3 {
                    var value: [Int32] = [0]
                    if world.rank == 0 { try world.send([Int32(turn)], to: 3) }
                    if world.rank == 3 { try world.receive(&value, from: 0) }
                    guard world.rank != 3 || value == [Int32(turn)] else { throw Wrong("received \(value)") }
                    try world.barrier()
                    for count in [1, 50_000] {
                        var sum = [Int32](repeating: 1, count: count)
                        try world.allReduce(&sum, .sum)
                        guard sum.allSatisfy({ $0 == 4 }) else { throw Wrong("the sum is \(sum[0])") }
                    }
                }
            }
            succeeding(results)
        }
    }
}
