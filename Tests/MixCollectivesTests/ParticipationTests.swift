import MixCollectives
import MixSchedule
import Testing

extension CollectiveTests {
    /// Ranks of threads that disagree, stay away or leave.
    @Suite struct Participation {
        enum Difference: String, Sendable, CaseIterable {
            case count, countOfLarge, type, reduction, operation, root, algorithm, form, smallAndLarge
        }

        @Test(arguments: [2, 3, 4], Difference.allCases)
        func ranksThatDisagree(ranks: Int, difference: Difference) async throws {
            let results = try await withWorld(ranks) { world in
                try world.barrier()
                let odd = world.rank == ranks - 1
                var small = [Float](repeating: 1, count: 12 * ranks)
                var large = try world.allocate(Float.self, count: 12_000 * ranks)
                switch difference {
                case .count:
                    var memory = [Float](repeating: 1, count: odd ? 11 : 10)
                    try world.allReduce(&memory)
                case .countOfLarge:
                    var memory = try world.allocate(Float.self, count: odd ? 10_001 : 10_000)
                    try world.allReduce(&memory)
                case .type:
                    var integers = [Int32](repeating: 1, count: 12 * ranks)
                    if odd { try world.allReduce(&integers) } else { try world.allReduce(&small) }
                case .reduction: try world.allReduce(&small, odd ? .sum : .max)
                case .operation: if odd { try world.barrier() } else { try world.allReduce(&small) }
                case .root: try world.broadcast(&small, root: odd ? 1 : 0)
                case .algorithm:
                    try world.use(algorithm: odd ? "ring" : "direct", for: .allReduce)
                    try world.allReduce(&large)
                case .form:
                    if odd {
                        try world.allToAll(&large)
                    } else {
                        var output = try world.allocate(Float.self, count: 12_000 * ranks)
                        try world.allToAll(large, into: &output)
                    }
                case .smallAndLarge: if odd { try world.allReduce(&large) } else { try world.allReduce(&small) }
                }
                // A rank that needed nobody's data learns of it here.
                try world.barrier()
            }
            let errors = failing(results)
            #expect(errors.count == ranks)
            for error in errors {
                #expect(error.code == .mismatch, "\(error)")
                #expect(error.sequence == 2, "\(error)")
                #expect(error.operation != nil && error.operation != .barrier || difference == .operation, "\(error)")
                #expect(error.host == Host.name && (0..<ranks).contains(error.rank ?? -1), "\(error)")
                #expect(error.message.contains("called"), "\(error)")
            }
        }

        /// Where no rank waits for another's data, the next operation finds out.
        @Test func rootsThatNobodyWaitsFor() async throws {
            let results = try await withWorld(2) { world in
                var memory: [Float] = [Float(world.rank)]
                // Each is only asked to send: to the other.
                try world.reduce(&memory, root: 1 - world.rank)
                try world.barrier()
            }
            for error in failing(results) {
                #expect(error.code == .mismatch && error.operation == .reduce && error.sequence == 1, "\(error)")
            }
        }

        @Test func aRankThatStaysAway() async throws {
            let gate = Gate()
            let results = try await withWorld(3, timeout: .milliseconds(600)) { world in
                try world.barrier()
                if world.rank == 1 {
                    gate.wait()
                } else {
                    defer { gate.open() }
                    try world.barrier()
                }
                // Late: it's told the same.
                try world.barrier()
            }
            let errors = failing(results)
            #expect(errors.count == 3)
            for error in errors {
                #expect(error.code == .deadlineExceeded && error.rank == 1, "\(error)")
                #expect(error.operation == .barrier && error.sequence == 2 && error.host == Host.name, "\(error)")
            }
        }

        @Test func aRankThatSendsNothing() async throws {
            let gate = Gate()
            let results = try await withWorld(3, timeout: .milliseconds(600)) { world in
                var memory: [Float] = [1]
                // Rank 2 has not even come to the last collective, but it's rank 1 that is waited for.
                if world.rank == 2 {
                    gate.wait()
                } else {
                    try world.broadcast(&memory, root: 0)
                    if world.rank == 1 {
                        gate.wait()
                    } else {
                        defer { gate.open() }
                        try world.receive(&memory, from: 1)
                    }
                }
                try world.barrier()
            }
            for error in failing(results) {
                #expect(error.code == .deadlineExceeded && error.rank == 1, "\(error)")
                #expect(error.operation == .sendReceive && error.sequence == 2, "\(error)")
            }
        }

        @Test(arguments: [nil, "ring", "double-tree", "halving-doubling", "hierarchical-ring"] as [String?])
        func aRankThatLeaves(algorithm: String?) async throws {
            let results = try await withWorld(4) { world in
                try world.use(algorithm: algorithm, for: .allReduce)
                var memory = [Float](repeating: 1, count: 100)
                try world.allReduce(&memory)
                if world.rank == 2 { world.close() }
                try world.allReduce(&memory)
            }
            for (rank, error) in failing(results).enumerated() where rank != 2 {
                #expect(error.code == .rankLost && error.rank == 2, "\(error)")
                #expect(error.operation == .allReduce && error.sequence == 2, "\(error)")
            }
        }

        /// A rank may leave as soon as its own part is done.
        @Test(arguments: CollectiveCase.operations)
        func leavingAfterTheLastOperation(operation: Operation) async throws {
            for placement in CollectiveCase.Placement.allCases {
                for count in [1, 5000] {
                    for algorithm in [nil] + Algorithm.all(for: operation).map(\.name) {
                        if algorithm == "direct" || algorithm == "hierarchical", placement != .shared { continue }
                        let results = try await withWorld(4) { world in
                            try world.use(algorithm: algorithm, for: operation)
                            try CollectiveCase(
                                operation: operation, count: count, root: 2, inPlace: operation == .broadcast,
                                placement: placement, values: .exact
                            ).run(on: world)
                            world.close()
                        }
                        succeeding(results, algorithm ?? "automatic")
                    }
                }
            }
        }

        @Test func twoThreadsOnOneCommunicator() async throws {
            let worlds = try Communicator.inProcess(ranks: 2, timeout: .seconds(10))
            let refusals = Counter()
            @Sendable func isRefused(_ body: () throws(CollectiveError) -> Void) throws -> Bool {
                do {
                    try body()
                    return false
                } catch {
                    guard error.code == .concurrentUse, error.rank == 0, error.host == Host.name else { throw error }
                    refusals.add()
                    return true
                }
            }
            let results = try await onThreads(2) { index in
                if index == 0 {
                    var memory: [Float] = [0]
                    // Waits for what is sent only after one of the two threads was refused.
                    while try isRefused({ () throws(CollectiveError) in try worlds[0].receive(&memory, from: 1) }) {}
                } else {
                    defer { try? worlds[1].send([1 as Float], to: 0) }
                    for _ in 0..<500 where refusals.value == 0 {
                        for _ in 0..<100 { giveWay() }
                        if try isRefused({ () throws(CollectiveError) in try worlds[0].send([] as [Float], to: 1) }) {
                            return
                        }
                    }
                }
            }
            succeeding(results)
            #expect(refusals.value > 0)
        }
    }
}
