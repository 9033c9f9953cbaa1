import MixCollectives
import MixSchedule
import Testing

extension CollectiveTests {
    /// Arguments that can't be right are refused before anybody waits, and the communicator stays usable.
    @Suite struct Arguments {
        @Test(arguments: [1, 2, 3])
        func wrongSizesAndRanks(ranks: Int) async throws {
            let results = try await withWorld(ranks) { world in
                let input = [Float](repeating: 1, count: 3 * ranks)
                var output = [Float](repeating: -1, count: 3 * ranks + 1)
                typealias Attempt = (Operation, () throws(CollectiveError) -> Void)
                var attempts: [Attempt] = []
                func attempt(_ operation: Operation, _ body: @escaping () throws(CollectiveError) -> Void) {
                    attempts.append((operation, body))
                }
                let blocks = Blocks(counts: Array(repeating: 3, count: ranks))
                var outside = blocks
                outside.displacements[0] = 3 * ranks
                var negative = blocks
                negative.counts[0] = -1
                var huge = blocks
                huge.counts[0] = .max
                attempt(.allReduce) { () throws(CollectiveError) in try world.allReduce(input, into: &output) }
                attempt(.reduceScatter) { () throws(CollectiveError) in try world.reduceScatter(input, into: &output) }
                attempt(.allGather) { () throws(CollectiveError) in try world.allGather(input, into: &output) }
                attempt(.allToAll) { () throws(CollectiveError) in try world.allToAll(input, into: &output) }
                attempt(.reduce) { () throws(CollectiveError) in
                    try world.reduce(input, into: &output, root: world.rank)
                }
                attempt(.gather) { () throws(CollectiveError) in
                    try world.gather(input, into: &output, root: world.rank)
                }
                attempt(.scatter) { () throws(CollectiveError) in
                    try world.scatter(input, into: &output, root: world.rank)
                }
                for root in [-1, ranks, .max] {
                    attempt(.broadcast) { () throws(CollectiveError) in try world.broadcast(&output, root: root) }
                    attempt(.reduce) { () throws(CollectiveError) in try world.reduce(&output, root: root) }
                    attempt(.sendReceive) { () throws(CollectiveError) in try world.send(input, to: root) }
                    attempt(.sendReceive) { () throws(CollectiveError) in try world.receive(&output, from: root) }
                }
                attempt(.sendReceive) { () throws(CollectiveError) in try world.send(input, to: world.rank) }
                for wrong in [outside, negative, huge, Blocks(counts: [1, 2, 3, 4])] {
                    attempt(.allToAllV) { () throws(CollectiveError) in
                        try world.allToAllV(input, wrong, into: &output, blocks)
                    }
                    attempt(.allToAllV) { () throws(CollectiveError) in
                        try world.allToAllV(input, blocks, into: &output, wrong)
                    }
                }
                if ranks > 1 {
                    attempt(.allToAll) { () throws(CollectiveError) in try world.allToAll(&output) }
                    attempt(.allGather) { () throws(CollectiveError) in try world.allGather(&output) }
                    attempt(.reduceScatter) { () throws(CollectiveError) in try world.reduceScatter(&output) }
                }
                for (operation, body) in attempts {
                    let error = try thrown(.invalidArgument, body)
                    guard error.operation == operation, error.rank == world.rank, error.host == Host.name,
                        error.sequence == 1, !error.message.isEmpty
                    else { throw Wrong("\(error)") }
                }
                guard output.allSatisfy({ $0 == -1 }) else { throw Wrong("an output was written") }

                var payload = [Float8E4M3](repeating: .init(bitPattern: 1), count: 4)
                let error = try thrown(.unsupported) { () throws(CollectiveError) in try world.allReduce(&payload) }
                guard error.operation == .allReduce, error.rank == world.rank else { throw Wrong("\(error)") }
                for one in mixedCases(ranks) { try one.run(on: world) }
            }
            succeeding(results)
        }

        /// On ranks other than the root the buffer of the root alone may have any size.
        @Test func buffersThatDoNotMatter() async throws {
            let results = try await withWorld(3) { world in
                var nothing: [Float] = []
                var output = [Float](repeating: 0, count: world.rank == 1 ? 6 : 1)
                try world.gather([Float(world.rank), 7], into: &output, root: 1)
                guard output == (world.rank == 1 ? [0, 7, 1, 7, 2, 7] : [0]) else { throw Wrong("gather: \(output)") }
                var block: [Float] = [-1, -1]
                try world.scatter(world.rank == 2 ? [0, 1, 2, 3, 4, 5] : [], into: &block, root: 2)
                guard block == [Float(2 * world.rank), Float(2 * world.rank + 1)] else {
                    throw Wrong("scatter: \(block)")
                }
                if world.rank == 0 {
                    try world.reduce(block, into: &block, root: 0)
                } else {
                    try world.reduce(block, into: &nothing, root: 0)
                }
                guard world.rank != 0 || block == [6, 9] else { throw Wrong("reduce: \(block)") }
            }
            succeeding(results)
        }

        @Test func worldOfOne() throws {
            let world = try Communicator.join(Job(rank: 0, worldSize: 1, rendezvous: "nobody else"))
            #expect(world.size == 1 && world.rank == 0)
            for operation in CollectiveCase.operations {
                for inPlace in CollectiveCase.forms(of: operation) {
                    for type in DataType.allCases where type.isReducible {
                        for placement in [CollectiveCase.Placement.plain, .shared] {
                            for count in [0, 1, 100_000] {
                                try CollectiveCase(
                                    operation: operation, type: type, reduction: Reduction.allCases[count % 5],
                                    count: count, inPlace: inPlace, placement: placement
                                ).run(on: world)
                            }
                        }
                    }
                }
            }
            try world.barrier()
            let again = try world.split(color: 3).split(.node)
            #expect(again.size == 1)
        }

        @Test func jobsThatCannotBe() throws {
            for (rank, size) in [(-1, 2), (2, 2), (0, 0), (0, -1)] {
                let error = try thrown(.invalidJob) { () throws(CollectiveError) in
                    _ = try Communicator.join(Job(rank: rank, worldSize: size, rendezvous: "none"))
                }
                #expect(error.message.contains("\(rank)"))
            }
            try thrown(.invalidArgument) { () throws(CollectiveError) in _ = try Communicator.inProcess(ranks: 0) }
        }
    }
}
