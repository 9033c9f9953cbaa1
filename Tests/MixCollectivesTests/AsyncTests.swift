import MixCollectives
import Testing

extension CollectiveTests {
    /// The forms that suspend.
    @Suite struct Asynchronous {
        /// Runs `body` for every rank of a world in a task of its own.
        private func withTasks(
            _ ranks: Int, timeout: Duration = .seconds(100),
            _ body: @escaping @Sendable (Communicator) async throws -> Void
        ) async throws {
            let worlds = try Communicator.inProcess(ranks: ranks, timeout: timeout)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for world in worlds { group.addTask { try await body(world) } }
                try await group.waitForAll()
            }
        }

        private static func require(_ condition: Bool, _ what: String) throws {
            guard condition else { throw Wrong(what) }
        }

        @Test(.timeLimit(.minutes(3)), arguments: [1, 2, 5], [4, 3000])
        func everyOperation(ranks: Int, count: Int) async throws {
            try await withTasks(ranks) { world in
                let rank = Float(world.rank)
                let sum = Float(ranks * (ranks - 1) / 2)
                var one = [Float](repeating: rank, count: count)
                var other = [Float](repeating: -1, count: count)
                let all = (0..<ranks).flatMap { [Float](repeating: Float($0), count: count) }
                var blocks = [Float](repeating: -1, count: count * ranks)

                try await world.allReduce(one, into: &other)
                try Self.require(other.allSatisfy { $0 == sum }, "all-reduce")
                try await world.allReduce(&other, .max)
                try Self.require(other.allSatisfy { $0 == sum }, "all-reduce in place")
                try await world.allGather(one, into: &blocks)
                try Self.require(blocks == all, "all-gather")
                for index in blocks.indices where index / count != world.rank { blocks[index] = -1 }
                try await world.allGather(&blocks)
                try Self.require(blocks == all, "all-gather in place")
                try await world.reduceScatter(blocks, into: &other)
                try Self.require(other.allSatisfy { $0 == rank * Float(ranks) }, "reduce-scatter")
                try await world.reduceScatter(&blocks)
                let mine = blocks[world.rank * count..<(world.rank + 1) * count]
                try Self.require(mine.allSatisfy { $0 == rank * Float(ranks) }, "reduce-scatter in place")
                try await world.allToAll([Float](repeating: rank, count: count * ranks), into: &blocks)
                try Self.require(blocks == all, "all-to-all")
                blocks = [Float](repeating: rank, count: count * ranks)
                try await world.allToAll(&blocks)
                try Self.require(blocks == all, "all-to-all in place")
                let even = Blocks(counts: Array(repeating: count, count: ranks))
                try await world.allToAllV([Float](repeating: rank, count: count * ranks), even, into: &blocks, even)
                try Self.require(blocks == all, "all-to-all-v")
                blocks = [Float](repeating: rank, count: count * ranks)
                try await world.allToAllV(&blocks, even)
                try Self.require(blocks == all, "all-to-all-v in place")
                try await world.reduce(one, into: &other, root: ranks - 1)
                try Self.require(world.rank < ranks - 1 || other.allSatisfy { $0 == sum }, "reduce")
                other = one
                try await world.reduce(&other, root: 0)
                try Self.require(other.allSatisfy { $0 == (world.rank == 0 ? sum : rank) }, "reduce in place")
                try await world.broadcast(&one, root: ranks - 1)
                try Self.require(one.allSatisfy { $0 == Float(ranks - 1) }, "broadcast")
                try await world.gather([Float](repeating: rank, count: count), into: &blocks, root: 0)
                try Self.require(world.rank > 0 || blocks == all, "gather")
                try await world.scatter(all, into: &other, root: ranks - 1)
                try Self.require(other.allSatisfy { $0 == rank }, "scatter")
                try await world.barrier()
                guard ranks > 1 else { return }
                let next = (world.rank + 1) % ranks
                let previous = (world.rank + ranks - 1) % ranks
                try await world.send([rank], to: next, tag: 9)
                let got = try await world.receive(&other, from: previous, tag: 9)
                try Self.require(got == 1 && other[0] == Float(previous), "send and receive")
            }
        }

        /// Far more operations under way than Swift's pool has threads: no thread of it may wait.
        @Test(.timeLimit(.minutes(3))) func manySuspendedCommunicators() async throws {
            let worlds = try Communicator.inProcess(ranks: 2, timeout: .seconds(100))
            let children = succeeding(
                try await onThreads(2) { rank in try (0..<40).map { _ in try worlds[rank].split(color: 0) } })
            try #require(children.count == 2)
            try await withThrowingTaskGroup(of: Void.self) { group in
                // All of rank 0's start before the first of rank 1's.
                for rank in 0..<2 {
                    for (index, child) in children[rank].enumerated() {
                        group.addTask {
                            for round in 0..<10 {
                                var buffer = [Int64](repeating: Int64(index + round), count: 100)
                                try await child.allReduce(&buffer)
                                try Self.require(buffer.allSatisfy { $0 == Int64(2 * (index + round)) }, "\(buffer[0])")
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }

        /// Operations that are started together on one communicator run one after the other.
        @Test(.timeLimit(.minutes(3))) func allocatedMemoryAndErrors() async throws {
            try await withTasks(3) { world in
                var buffer = try world.allocate(Double.self, count: 50_000)
                for index in 0..<50_000 { buffer[index] = Double(index % 100 + world.rank) }
                try await world.allReduce(&buffer)
                for index in 0..<50_000 {
                    try Self.require(buffer[index] == Double(3 * (index % 100) + 3), "element \(index)")
                }
                var wrong = [Float](repeating: 0, count: 4 + world.rank % 2)
                do {
                    try await world.allReduce(&wrong)
                    throw Wrong("counts that differ were taken")
                } catch let error as CollectiveError {
                    try Self.require(error.code == .mismatch && error.sequence == 2, "\(error)")
                }
            }
        }
    }
}
