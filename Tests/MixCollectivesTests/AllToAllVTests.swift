import MixCollectives
import MixSchedule
import Testing

extension CollectiveTests {
    @Suite struct AllToAllV {
        @Test(arguments: [2, 3, 4, 8])
        func randomBlocks(ranks: Int) async throws {
            let seed = UInt64.random(in: 0..<1 << 32)
            let results = try await withWorld(ranks) { communicator in
                var generator = Generator(seed: seed)
                for _ in 0..<250 {
                    // Up to a few elements, within a slot, and in need of mapped memory or a series.
                    let limit = [12, 600, 9000][generator.below(3)]
                    try BlocksCase.random(&generator, ranks: ranks, limit: limit).run(on: communicator)
                }
            }
            succeeding(results, "seed \(seed)")
        }

        @Test func largeBlocks() async throws {
            let results = try await withWorld(3) { communicator in
                for (index, shared) in [[true, true, true], [false, true, true], [false, false, false]].enumerated() {
                    for inPlace in [false, true] {
                        try BlocksCase(
                            counts: [[7, 300_000, 70_001], [300_000, 0, 1], [70_001, 1, 90_000]], inPlace: inPlace,
                            shared: shared, seed: UInt64(index)
                        ).run(on: communicator)
                    }
                }
            }
            succeeding(results)
        }

        /// What a rank keeps for itself has a size of its own, whatever goes to the others.
        @Test(arguments: [1, 2, 3])
        func largeBlockForOneself(ranks: Int) async throws {
            let results = try await withWorld(ranks) { communicator in
                for own in [100, 70_000, 65_536 * 2] {
                    for others in [0, 1, 500] {
                        let counts = (0..<ranks).map { one in (0..<ranks).map { one == $0 ? own : others } }
                        for shared in [false, true] {
                            try BlocksCase(
                                counts: counts, type: .uint8, shared: Array(repeating: shared, count: ranks), seed: 3
                            ).run(on: communicator)
                        }
                    }
                }
            }
            succeeding(results)
        }

        @Test(arguments: [1, 2])
        func refusesAnOwnBlockOfTwoSizes(ranks: Int) async throws {
            let results = try await withWorld(ranks) { communicator in
                let input = [UInt8](repeating: 1, count: 4 * ranks)
                var output = [UInt8](repeating: 0, count: 4 * ranks)
                let sent = Blocks(counts: Array(repeating: 4, count: ranks))
                var received = sent
                received.counts[communicator.rank] = 2
                let error = try thrown(.invalidArgument) { () throws(CollectiveError) in
                    try communicator.allToAllV(input, sent, into: &output, received)
                }
                guard error.operation == .allToAllV, error.rank == communicator.rank else { throw Wrong("\(error)") }
                guard output.allSatisfy({ $0 == 0 }) else { throw Wrong("the output was written") }
            }
            succeeding(results)
        }

        @Test(arguments: [4, 400, 40_000], [false, true])
        func countsThatDisagree(count: Int, inPlace: Bool) async throws {
            let results = try await withWorld(3) { communicator in
                var counts = [count, count, count]
                // Rank 1 expects one element less of rank 2 than that sends.
                if communicator.rank == 1 { counts[2] -= 1 }
                var output = try communicator.allocate(Float.self, count: 3 * count)
                let blocks = Blocks(counts: counts)
                if inPlace {
                    try communicator.allToAllV(&output, blocks)
                } else {
                    let input = [Float](repeating: 1, count: 3 * count)
                    try communicator.allToAllV(input, Blocks(counts: [count, count, count]), into: &output, blocks)
                }
                try communicator.barrier()
            }
            for error in failing(results) {
                #expect(error.code == .mismatch)
                #expect(error.operation == .allToAllV)
                #expect(error.sequence == 1)
                #expect(error.host == Host.name)
                #expect([1, 2].contains(error.rank))
            }
        }
    }
}
