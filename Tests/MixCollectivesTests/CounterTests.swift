import MixCollectives
import Testing

extension CollectiveTests {
    /// Links count what they do, and do no more than must be: the same numbers on every wire of the kind.
    @Suite struct Counters {
        private static let calls = 4
        private static let elements = 3 << 18

        /// What each rank's links did in some calls in memory from `allocate`.
        private func count(
            ranks: Int, nodes: Int,
            _ call:
                @escaping @Sendable (
                    Communicator, borrowing SharedBuffer<Float>, inout SharedBuffer<Float>
                ) throws -> Void
        ) async throws -> [LinkCounters] {
            let results = try await withWorld(ranks, nodes: nodes) { world in
                let input = try world.allocate(Float.self, count: Self.elements)
                var output = try world.allocate(Float.self, count: Self.elements)
                let before = world.counters
                for _ in 0..<Self.calls { try call(world, input, &output) }
                return world.counters - before
            }
            return try results.map { try $0.get() }
        }

        private func check(_ counters: [LinkCounters], bytesPerCall: Int) {
            for counter in counters {
                #expect(counter.bytesSent == UInt64(Self.calls * bytesPerCall))
                #expect(counter.bytesReceived == counter.bytesSent)
            }
        }

        @Test(arguments: [(2, 2), (3, 3), (4, 4), (4, 2)])
        func allReduceSendsNoMoreThanItMust(ranks: Int, nodes: Int) async throws {
            let counters = try await count(ranks: ranks, nodes: nodes) { world, input, output in
                try world.allReduce(input, into: &output)
            }
            check(counters, bytesPerCall: 2 * (nodes - 1) * Self.elements * 4 / ranks)
        }

        @Test(arguments: [(2, 2), (3, 3), (4, 4), (4, 2)])
        func allToAllSendsNoMoreThanItMust(ranks: Int, nodes: Int) async throws {
            let counters = try await count(ranks: ranks, nodes: nodes) { world, input, output in
                try world.allToAll(input, into: &output)
            }
            check(counters, bytesPerCall: (nodes - 1) * Self.elements * 4 / nodes)
        }

        @Test func sharedMemoryIsNotCounted() async throws {
            let counters = try await count(ranks: 2, nodes: 1) { world, input, output in
                try world.allReduce(input, into: &output)
            }
            #expect(counters.allSatisfy { $0 == LinkCounters() })
        }
    }
}
