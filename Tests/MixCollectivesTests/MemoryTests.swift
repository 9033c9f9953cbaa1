import MixCollectives
import Testing

extension CollectiveTests {
    /// Memory from `allocate`.
    @Suite struct AllocatedMemory {
        private func world() throws -> Communicator {
            try #require(try Communicator.inProcess(ranks: 1).first)
        }

        @Test func cannotBeHad() throws {
            let world = try world()
            for count in [-1, .min, .max] {
                try thrown(.invalidArgument) { () throws(CollectiveError) in
                    _ = try world.allocate(Double.self, count: count)
                }
            }
            for count in [1 << 40, Int.max / 8] {
                let error = try thrown(.outOfMemory) { () throws(CollectiveError) in
                    _ = try world.allocate(Double.self, count: count)
                }
                #expect(error.rank == 0 && error.host == Host.name, "\(error)")
                #expect(error.message.contains("\(8 * count)"), "\(error)")
            }
            // Nothing was spoilt by asking.
            var buffer = try world.allocate(Double.self, count: 1000)
            #expect((0..<1000).allSatisfy { buffer[$0] == 0 })
            buffer[999] = 1
        }

        /// Given back, the same memory is had again, zeroed.
        @Test(arguments: [0, 1, 4096, 5 << 20])
        func isGivenBack(count: Int) throws {
            let world = try world()
            let before = try SharedMemoryUse.ofThisProcess()
            var addresses: Set<UnsafeRawPointer> = []
            for _ in 0..<50 {
                var buffer = try world.allocate(UInt8.self, count: count)
                buffer.withUnsafeMutableBufferPointer {
                    #expect($0.allSatisfy { $0 == 0 })
                    $0.update(repeating: 1)
                    addresses.insert(UnsafeRawPointer($0.baseAddress!))
                }
            }
            #expect(addresses.count == 1)
            #expect(try SharedMemoryUse.ofThisProcess() <= before)
        }

        /// What is freed in between joins its neighbours again.
        @Test func isNotTornToPieces() throws {
            let world = try world()
            var generator = Generator(seed: 11)
            let before = try SharedMemoryUse.ofThisProcess()
            func nested(_ depth: Int) throws {
                guard depth > 0 else { return }
                let first = try world.allocate(Int64.self, count: generator.below(5000))
                try nested(depth - 1)
                var second = try world.allocate(Int64.self, count: 1 + generator.below(400_000))
                #expect(second[0] == 0 && second[second.count - 1] == 0 && first.count < 5000)
                second[second.count - 1] = -1
                try nested(depth / 2)
            }
            for _ in 0..<5 { try nested(12) }
            #expect(try SharedMemoryUse.ofThisProcess() <= before)
        }

        @Test func ofTheWorldComesToItsEnd() throws {
            let before = try SharedMemoryUse.ofThisProcess()
            do {
                let worlds = try Communicator.inProcess(ranks: 3)
                let buffer = try worlds[0].allocate(Float.self, count: 1 << 20)
                let during = try SharedMemoryUse.ofThisProcess()
                #expect(during >= before + MemoryLayout<Float>.stride * buffer.count)
            }
            #expect(try SharedMemoryUse.ofThisProcess() == before)
        }
    }
}
