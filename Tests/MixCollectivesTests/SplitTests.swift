import MixCollectives
import MixSchedule
import Testing

extension CollectiveTests {
    @Suite struct Splitting {
        @Test func byColorAndKey() async throws {
            let results = try await withWorld(5) { world in
                // Odd and even ranks, in reverse order.
                let half = try world.split(color: world.rank % 2, key: -world.rank)
                let expected = world.rank % 2 == 0 ? [4, 2, 0] : [3, 1]
                guard half.size == expected.count, expected[half.rank] == world.rank else {
                    throw Wrong("rank \(world.rank) is \(half.rank) of \(half.size)")
                }
                var members = [Int64](repeating: -1, count: half.size)
                try half.allGather([Int64(world.rank)], into: &members)
                guard members == expected.map(Int64.init) else { throw Wrong("\(members)") }
            }
            succeeding(results)
        }

        @Test func byEqualKeysKeepsRankOrder() async throws {
            let results = try await withWorld(4) { world in
                let all = try world.split(color: -7, key: 3)
                guard all.rank == world.rank, all.size == 4 else { throw Wrong("\(all.rank) of \(all.size)") }
            }
            succeeding(results)
        }

        @Test func byNodeAndLane() async throws {
            let results = try await withWorld(3) { world in
                let node = try world.split(.node)
                guard node.rank == world.rank, node.size == 3 else { throw Wrong("node: \(node.rank) of \(node.size)") }
                let lane = try world.split(.lane)
                guard lane.rank == 0, lane.size == 1 else { throw Wrong("lane: \(lane.rank) of \(lane.size)") }
                var one: [Float] = [5]
                try lane.allReduce(&one)
                try node.allReduce(&one)
                guard one == [15] else { throw Wrong("\(one)") }
            }
            succeeding(results)
        }

        @Test func nested() async throws {
            let results = try await withWorld(8) { world in
                var group = world
                while group.size > 1 {
                    group = try group.split(color: group.rank / (group.size / 2))
                    for one in mixedCases(group.size) { try one.run(on: group) }
                }
                try world.barrier()
            }
            succeeding(results)
        }

        @Test func interleavedWithTheParent() async throws {
            let results = try await withWorld(4) { world in
                let pair = try world.split(color: world.rank / 2)
                let cross = try world.split(color: world.rank % 2)
                for round in 0..<40 {
                    for group in [world, pair, cross, pair] {
                        let cases = mixedCases(group.size)
                        try cases[round % cases.count].run(on: group)
                    }
                }
            }
            succeeding(results)
        }

        /// A communicator for each thread: both of one rank sleep on the same doorbell.
        @Test(arguments: [2, 3])
        func parentAndChildOnThreadsOfTheirOwn(ranks: Int) async throws {
            let worlds = try Communicator.inProcess(ranks: ranks, timeout: .seconds(20))
            let children = succeeding(try await onThreads(ranks) { try worlds[$0].split(color: 0, key: -$0) })
            try #require(children.count == ranks)
            let results = try await onThreads(2 * ranks) { index in
                let group = index < ranks ? worlds[index] : children[index - ranks]
                for round in 0..<30 {
                    for one in mixedCases(ranks) {
                        var one = one
                        one.seed = (round + index / ranks) % 3
                        try one.run(on: group)
                    }
                }
            }
            succeeding(results)
        }

        @Test func outlivesTheParentsClose() async throws {
            let results = try await withWorld(3) { world in
                let child = try world.split(color: 0)
                world.close()
                for one in mixedCases(3) { try one.run(on: child) }
                try thrown(.closed) { () throws(CollectiveError) in try world.barrier() }
            }
            succeeding(results)
        }

        /// A failure stays in the communicator in which it happened.
        @Test func failsAlone() async throws {
            let results = try await withWorld(3) { world in
                let child = try world.split(color: 0)
                var memory = [Float](repeating: 1, count: child.rank == 1 ? 4 : 3)
                try thrown(.mismatch) { () throws(CollectiveError) in try child.allReduce(&memory) }
                try thrown(.mismatch) { () throws(CollectiveError) in try child.barrier() }
                for one in mixedCases(3) { try one.run(on: world) }
            }
            succeeding(results)
        }

        /// What a communicator took is given back with it, once all its ranks have let it go.
        @Test func manyInTurn() async throws {
            let results = try await withWorld(4) { world in
                func use(_ round: Int) throws {
                    let child = try world.split(color: round % 2 == 0 ? 0 : world.rank % 2)
                    for one in mixedCases(child.size) { try one.run(on: child) }
                }
                for round in 0..<4 { try use(round) }
                try world.barrier()
                let before = try SharedMemoryUse.ofThisProcess()
                try world.barrier()
                for round in 0..<60 { try use(round) }
                try world.barrier()
                return try SharedMemoryUse.ofThisProcess() - before
            }
            // A few may not have been noticed to be free yet.
            for growth in succeeding(results) { #expect(growth < 16 << 20, "\(growth)") }
        }
    }
}

/// Small and large operations of several kinds, for tests about something else.
func mixedCases(_ ranks: Int) -> [CollectiveCase] {
    [
        CollectiveCase(operation: .allReduce, count: 3),
        CollectiveCase(operation: .broadcast, type: .int64, count: 500, root: ranks - 1, inPlace: true),
        CollectiveCase(operation: .allReduce, type: .bfloat16, count: 20_000, inPlace: true, placement: .shared),
        CollectiveCase(operation: .allToAll, count: 3000, inPlace: true, placement: .shared),
        CollectiveCase(operation: .reduceScatter, type: .int32, count: 9000, placement: .firstPlain),
        CollectiveCase(operation: .gather, type: .uint8, count: 77, root: ranks / 2),
        CollectiveCase(operation: .allGather, type: .float8E4M3, count: 30_000, placement: .plain),
    ]
}
