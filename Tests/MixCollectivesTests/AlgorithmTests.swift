import MixCollectives
import MixSchedule
import Testing

extension CollectiveTests {
    /// Every algorithm that the library has, forced.
    @Suite struct ForcedAlgorithms {
        @Test(arguments: CollectiveCase.operations)
        func givesTheResult(operation: Operation) async throws {
            for ranks in [2, 3, 4, 5, 8] {
                let results = try await withWorld(ranks) { communicator in
                    for algorithm in Algorithm.all(for: operation) {
                        try communicator.use(algorithm: algorithm.name, for: operation)
                        for one in cases(operation, algorithm, ranks) {
                            do {
                                try one.run(on: communicator)
                            } catch let wrong as Wrong {
                                throw Wrong("by \(algorithm.name): \(wrong)")
                            }
                        }
                    }
                }
                succeeding(results)
            }
        }

        private func cases(_ operation: Operation, _ algorithm: Algorithm, _ ranks: Int) -> [CollectiveCase] {
            var cases: [CollectiveCase] = []
            for type in [DataType.float32, .bfloat16, .float16, .int64, .uint8] {
                for inPlace in CollectiveCase.forms(of: operation) {
                    // Messages can't change blocks in place: the next test is about that.
                    if operation == .allToAll, inPlace, !algorithm.needsMappedMemory { continue }
                    for count in [0, 1, 2, 7, 64, 1000, 20_000] {
                        let number = cases.count
                        cases.append(
                            CollectiveCase(
                                operation: operation, type: type, reduction: Reduction.allCases[number % 5],
                                count: count, root: number % ranks, inPlace: inPlace,
                                placement: algorithm.needsMappedMemory
                                    ? .shared : CollectiveCase.Placement.allCases[number % 4],
                                seed: number % 3, values: .exact))
                    }
                }
            }
            return cases
        }

        /// Where the order of contributions differs from rank order, it does so in the same way everywhere.
        @Test(arguments: [2, 3, 4, 7])
        func givesTheSameBitsOnAllRanksAndTwice(ranks: Int) async throws {
            let results = try await withWorld(ranks) { communicator in
                var hashes: [UInt64] = []
                for name in Algorithm.all(for: .allReduce).map(\.name) {
                    try communicator.use(algorithm: name, for: .allReduce)
                    for type in [DataType.float32, .float64, .float16, .bfloat16] {
                        hashes += try bits(type, communicator)
                        let again = try bits(type, communicator)
                        guard again == hashes.suffix(again.count) else {
                            throw Wrong("\(name) differs from run to run")
                        }
                    }
                }
                return hashes
            }
            let hashes = succeeding(results)
            #expect(hashes.allSatisfy { $0 == hashes[0] })
        }

        private func bits(_ type: DataType, _ communicator: Communicator) throws -> [UInt64] {
            let element = type.element
            return try bits(of: element, communicator)
        }

        private func bits<Element: TestElement>(of _: Element.Type, _ communicator: Communicator) throws -> [UInt64] {
            var buffer = try communicator.allocate(Element.self, count: 5000)
            for index in 0..<5000 { buffer[index] = .any(mix(UInt64(index * 64 + communicator.rank))) }
            try communicator.allReduce(&buffer)
            return [
                buffer.withUnsafeBufferPointer {
                    UnsafeRawBufferPointer($0).reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
                }
            ]
        }

        @Test func refusesWhatItCannotDo() async throws {
            let results = try await withWorld(3) { communicator in
                var shared = try communicator.allocate(Float.self, count: 3000)
                var plain = [Float](repeating: 1, count: 3000)
                try communicator.use(algorithm: "pairwise", for: .allToAll)
                try thrown(.unsupported) { () throws(CollectiveError) in try communicator.allToAll(&shared) }
                try communicator.use(algorithm: "direct", for: .allReduce)
                try thrown(.unsupported) { () throws(CollectiveError) in try communicator.allReduce(&plain) }
                try thrown(.invalidArgument) { () throws(CollectiveError) in
                    try communicator.use(algorithm: "no such", for: .allReduce)
                }
                // The communicator is as good as before.
                try communicator.use(algorithm: nil, for: .allReduce)
                try communicator.allReduce(&plain)
                guard plain.allSatisfy({ $0 == 3 }) else { throw Wrong("the sum is \(plain[0])") }
            }
            succeeding(results)
        }

        /// What a communicator does for itself doesn't depend on what its caller forced.
        @Test func doesNotHinderSplit() async throws {
            let results = try await withWorld(3) { communicator in
                try communicator.use(algorithm: "direct", for: .allGather)
                let all = try communicator.split(color: 0)
                try all.barrier()
            }
            succeeding(results)
        }

        @Test(arguments: [nil, "pairwise", "direct"] as [String?])
        func movesBlocksOfAnySize(algorithm: String?) async throws {
            let results = try await withWorld(4) { communicator in
                try communicator.use(algorithm: algorithm, for: .allToAllV)
                var generator = Generator(seed: 5)
                for _ in 0..<60 {
                    var one = BlocksCase.random(&generator, ranks: 4, limit: 9000)
                    if one.inPlace, algorithm == "pairwise" { continue }
                    if algorithm == "direct" { one.shared = [true, true, true, true] }
                    try one.run(on: communicator)
                }
            }
            succeeding(results)
        }

        @Test(arguments: [nil, "dissemination", "direct"] as [String?], [1, 2, 3, 4, 8])
        func noRankLeavesABarrierEarly(algorithm: String?, ranks: Int) async throws {
            let arrivals = Counter()
            let results = try await withWorld(ranks) { communicator in
                try communicator.use(algorithm: algorithm, for: .barrier)
                for round in 1...200 {
                    arrivals.add()
                    try communicator.barrier()
                    guard arrivals.value >= round * ranks else { throw Wrong("round \(round): left early") }
                }
            }
            succeeding(results)
        }
    }
}
