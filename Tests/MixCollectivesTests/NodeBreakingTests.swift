import MixCollectives
import MixSchedule
import Testing

extension CollectiveTests {
    /// What can go wrong across virtual nodes.
    @Suite struct NodesUnderStress {
        @Test(arguments: [(2, 2), (4, 2), (6, 3)])
        func randomSequences(ranks: Int, nodes: Int) async throws {
            let seed = UInt64.random(in: 0..<1 << 32)
            let results = try await withWorld(ranks, nodes: nodes) { communicator in
                var common = Generator(seed: seed)
                var own = Generator(seed: seed &+ UInt64(communicator.rank) + 1)
                for number in 0..<400 {
                    for _ in 0..<(own.below(6) == 0 ? own.below(20) : 0) { giveWay() }
                    do {
                        try randomStep(&common, communicator, values: .exact)
                    } catch let wrong as Wrong {
                        throw Wrong("operation \(number): \(wrong)")
                    }
                }
            }
            succeeding(results, "seed \(seed)")
        }

        @Test(arguments: [(2, 2), (4, 2), (6, 2)])
        func blocksOfAnySize(ranks: Int, nodes: Int) async throws {
            let seed = UInt64.random(in: 0..<1 << 32)
            let results = try await withWorld(ranks, nodes: nodes) { communicator in
                var generator = Generator(seed: seed)
                for _ in 0..<100 {
                    let limit = [12, 600, 30_000][generator.below(3)]
                    try BlocksCase.random(&generator, ranks: ranks, limit: limit).run(on: communicator)
                }
            }
            succeeding(results, "seed \(seed)")
        }

        @Test(arguments: Algorithm.all(for: .allReduce).map(\.name), [(2, 2), (4, 2), (6, 3), (6, 2)])
        func algorithms(name: String, shape: (Int, Int)) async throws {
            let algorithm = Algorithm.named(name, for: .allReduce)!
            let results = try await withWorld(shape.0, nodes: shape.1) { world in
                try world.use(algorithm: name, for: .allReduce)
                for (index, count) in [0, 1, 7, 1000, 60_000].enumerated() {
                    let one = CollectiveCase(
                        operation: .allReduce, type: .int32, reduction: Reduction.allCases[index], count: count,
                        placement: .shared, values: .exact)
                    if algorithm.needsMappedMemory && !algorithm.usesTopology {
                        try thrownAny(.unsupported) { try one.run(on: world) }
                    } else {
                        try one.run(on: world)
                    }
                }
            }
            succeeding(results)
        }

        @Test func splits() async throws {
            let results = try await withWorld(6, nodes: 3) { world in
                let node = try world.split(.node)
                let lane = try world.split(.lane)
                guard node.size == 2, lane.size == 3 else { throw Wrong("\(node.size) and \(lane.size)") }
                let odd = try world.split(color: world.rank % 2, key: -world.rank)
                let pair = try lane.split(color: lane.rank / 2)
                for _ in 0..<3 {
                    for group in [world, node, lane, odd, pair] {
                        for var one in mixedCases(group.size) {
                            one.values = .exact
                            try one.run(on: group)
                        }
                    }
                }
            }
            succeeding(results)
        }

        @Test(arguments: ["count", "type", "reduction", "operation", "root", "small and large"], [(2, 2), (4, 2)])
        func ranksThatDisagree(difference: String, shape: (Int, Int)) async throws {
            let results = try await withWorld(shape.0, nodes: shape.1) { world in
                try world.barrier()
                let odd = world.rank == shape.0 - 1
                var floats = [Float](repeating: 1, count: difference == "small and large" && odd ? 50_000 : 12)
                var integers = [Int32](repeating: 1, count: 12)
                switch difference {
                case "count":
                    var memory = [Float](repeating: 1, count: odd ? 11 : 10)
                    try world.allReduce(&memory)
                case "type": if odd { try world.allReduce(&integers) } else { try world.allReduce(&floats) }
                case "reduction": try world.allReduce(&floats, odd ? .sum : .max)
                case "operation": if odd { try world.barrier() } else { try world.allReduce(&floats) }
                case "root": try world.broadcast(&floats, root: odd ? 1 : 0)
                default: try world.allReduce(&floats)
                }
                try world.barrier()
            }
            for error in failing(results) {
                #expect(error.code == .mismatch, "\(error)")
                #expect(error.sequence == 2 || error.sequence == 3, "\(error)")
                #expect(error.host == Host.name && (0..<shape.0).contains(error.rank ?? -1), "\(error)")
            }
        }

        @Test func aRankThatStaysAway() async throws {
            let gate = Gate()
            let failures = Counter()
            let results = try await withWorld(4, nodes: 2, timeout: .milliseconds(800)) { world in
                try world.barrier()
                if world.rank == 1 {
                    // Until all others gave up: one that still waits would be content.
                    gate.wait()
                } else {
                    defer {
                        failures.add()
                        if failures.value == 3 { gate.open() }
                    }
                    try world.barrier()
                }
                try world.barrier()
            }
            for error in failing(results) {
                #expect(error.code == .deadlineExceeded && error.rank == 1, "\(error)")
                #expect(error.operation == .barrier && error.sequence == 2 && error.host == Host.name, "\(error)")
            }
        }

        /// Found inside a node; what is found on a link breaks that link for all.
        @Test(arguments: [(4, 2), (6, 2)])
        func aFailureStaysInItsCommunicator(ranks: Int, nodes: Int) async throws {
            let results = try await withWorld(ranks, nodes: nodes) { world in
                let child = try world.split(color: 0, key: -world.rank)
                var memory = [Float](repeating: 1, count: child.rank == 1 ? 4 : 3)
                try thrown(.mismatch) { () throws(CollectiveError) in
                    try child.allReduce(&memory)
                    try child.barrier()
                }
                for var one in mixedCases(ranks) {
                    one.values = .exact
                    try one.run(on: world)
                }
            }
            succeeding(results)
        }

        @Test(arguments: [0, 1, 5000, 400_000])
        func messages(count: Int) async throws {
            let results = try await withWorld(4, nodes: 2) { world in
                for peer in 0..<4 where peer != world.rank {
                    var memory = [Int64](repeating: -1, count: count)
                    let mine = [Int64](repeating: Int64(world.rank), count: count)
                    // The lower of a pair sends first.
                    if world.rank < peer { try world.send(mine, to: peer, tag: 7) }
                    let got = try world.receive(&memory, from: peer, tag: 7)
                    guard got == count, memory.allSatisfy({ $0 == Int64(peer) }) else { throw Wrong("from \(peer)") }
                    if world.rank > peer { try world.send(mine, to: peer, tag: 7) }
                }
            }
            succeeding(results)
        }
    }
}

/// Like `thrown`, for a body that may throw anything.
func thrownAny(_ code: CollectiveError.Code, _ body: () throws -> Void) throws {
    do {
        try body()
    } catch let error as CollectiveError {
        guard error.code == code else { throw Wrong("\(code) should have been thrown and not: \(error)") }
        return
    }
    throw Wrong("\(code) should have been thrown, and nothing was")
}
