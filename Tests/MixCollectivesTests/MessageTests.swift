import MixCollectives
import MixSchedule
import Testing

extension CollectiveTests {
    /// Send and receive.
    @Suite struct Messages {
        /// A message whose content says who sent it, and which it was.
        private static func message(_ source: Int, _ number: Int, count: Int) -> [Int32] {
            (0..<count).map { Int32(truncatingIfNeeded: mix(UInt64(source << 40 + number << 20 + $0))) }
        }

        @Test(arguments: [false, true])
        func everySize(shared: Bool) async throws {
            let results = try await withWorld(2) { communicator in
                let counts = [0, 1, 15, 16, 17, 1000, 1023, 1024, 1025, 16_368, 16_384, 16_400, 100_000, 300_001]
                for (number, count) in counts.enumerated() {
                    let expected = Self.message(0, number, count: count)
                    let memory = try GuardedMemory(bytes: 4 * count, shared: shared, of: communicator)
                    var buffer = memory.buffer(of: Int32.self)
                    if communicator.rank == 0 {
                        _ = buffer.update(fromContentsOf: expected)
                        try communicator.send(buffer, to: 1)
                        // It's the caller's again: the receiver must not see this.
                        buffer.update(repeating: -1)
                    } else {
                        let got = try communicator.receive(&buffer, from: 0)
                        guard got == count, buffer.elementsEqual(expected) else {
                            throw Wrong("\(count) elements: wrong")
                        }
                        guard memory.isIntact else { throw Wrong("\(count) elements: written outside") }
                    }
                }
            }
            succeeding(results)
        }

        @Test func tagsOutOfOrder() async throws {
            let results = try await withWorld(2) { communicator in
                var generator = Generator(seed: 7)
                for round in 0..<20 {
                    let counts = (0..<12).map { _ in generator.pick([0, 1, 9, 500, 2000]) }
                    let order = Array(0..<12).shuffled(using: &generator)
                    if communicator.rank == 0 {
                        for tag in 0..<12 {
                            try communicator.send(
                                Self.message(round, tag, count: counts[tag]), to: 1, tag: UInt32(tag) &* 0x1555_5555)
                        }
                    } else {
                        for tag in order {
                            var output = [Int32](repeating: 0, count: 2000)
                            let got = try communicator.receive(&output, from: 0, tag: UInt32(tag) &* 0x1555_5555)
                            guard got == counts[tag], Array(output[..<got]) == Self.message(round, tag, count: got)
                            else { throw Wrong("round \(round), tag \(tag)") }
                        }
                    }
                }
            }
            succeeding(results)
        }

        /// Messages larger than the channel, mapped and not, put aside because another tag is asked for first.
        @Test(arguments: [false, true])
        func largeMessagesOutOfOrder(shared: Bool) async throws {
            let results = try await withWorld(2) { communicator in
                if communicator.rank == 0 {
                    for tag in 0..<3 {
                        var buffer = try communicator.allocate(Int32.self, count: 50_000)
                        let content = Self.message(0, tag, count: 50_000)
                        for index in content.indices { buffer[index] = content[index] }
                        if shared {
                            try communicator.send(buffer, to: 1, tag: UInt32(tag))
                        } else {
                            try communicator.send(content, to: 1, tag: UInt32(tag))
                        }
                    }
                } else {
                    for tag in [2, 0, 1] {
                        var output = [Int32](repeating: 0, count: 50_001)
                        let got = try communicator.receive(&output, from: 0, tag: UInt32(tag))
                        guard got == 50_000, output[50_000] == 0,
                            output.dropLast() == Self.message(0, tag, count: 50_000)[...]
                        else { throw Wrong("tag \(tag)") }
                    }
                }
            }
            succeeding(results)
        }

        @Test func equalTagsStayInOrder() async throws {
            let results = try await withWorld(2) { communicator in
                for number in 0..<5000 {
                    var value = [Int64(number)]
                    if communicator.rank == 0 {
                        try communicator.send(value, to: 1, tag: UInt32(number % 2))
                    } else {
                        value[0] = -1
                        try communicator.receive(&value, from: 0, tag: UInt32(number % 2))
                        guard value[0] == Int64(number) else { throw Wrong("message \(number) is \(value[0])") }
                    }
                }
            }
            succeeding(results)
        }

        /// Everybody to everybody, in messages that the channel can hold until they are asked for.
        @Test(arguments: [3, 5, 8])
        func exchangeWithAll(ranks: Int) async throws {
            let results = try await withWorld(ranks) { communicator in
                let rank = communicator.rank
                for round in 0..<10 {
                    for peer in 0..<ranks where peer != rank {
                        try communicator.send(
                            Self.message(rank * 64 + peer, round, count: 100 * round), to: peer, tag: UInt32(round))
                    }
                    for peer in (0..<ranks).reversed() where peer != rank {
                        var output = [Int32](repeating: 0, count: 1000)
                        let got = try communicator.receive(&output, from: peer, tag: UInt32(round))
                        guard got == 100 * round,
                            Array(output[..<got]) == Self.message(peer * 64 + rank, round, count: got)
                        else { throw Wrong("round \(round) from rank \(peer)") }
                    }
                }
            }
            succeeding(results)
        }

        /// Both directions at once, larger than the channel: one thread each, on communicators of their own.
        @Test(arguments: [false, true])
        func bothDirectionsAtOnce(shared: Bool) async throws {
            let worlds = try Communicator.inProcess(ranks: 2, timeout: .seconds(20))
            let back = try await onThreads(2) { rank in try worlds[rank].split(color: 0) }
            let backs = succeeding(back)
            try #require(backs.count == 2)
            let results = try await onThreads(4) { index in
                let rank = index % 2
                let (communicator, sends) = index < 2 ? (worlds[rank], rank == 0) : (backs[rank], rank == 1)
                for number in 0..<20 {
                    let expected = Self.message(index < 2 ? 0 : 1, number, count: 30_000)
                    let memory = try GuardedMemory(bytes: 120_000, shared: shared, of: communicator)
                    var buffer = memory.buffer(of: Int32.self)
                    if sends {
                        _ = buffer.update(fromContentsOf: expected)
                        try communicator.send(buffer, to: 1 - rank)
                    } else {
                        try communicator.receive(&buffer, from: 1 - rank)
                        guard buffer.elementsEqual(expected) else { throw Wrong("message \(number)") }
                    }
                }
            }
            succeeding(results)
        }

        @Test func tooLargeForTheReceiver() async throws {
            let results = try await withWorld(2) { communicator in
                var memory = [Float](repeating: 0, count: communicator.rank == 0 ? 10 : 9)
                if communicator.rank == 0 {
                    try communicator.send(memory, to: 1, tag: 3)
                } else {
                    try communicator.receive(&memory, from: 0, tag: 3)
                }
                try communicator.barrier()
            }
            for error in failing(results) {
                #expect(error.code == .mismatch && error.rank == 0 && error.operation == .sendReceive)
                #expect(error.sequence == 1 && error.host == Host.name)
                #expect(error.message.contains("10") && error.message.contains("9"))
            }
        }

        @Test func anotherTypeThanTheReceivers() async throws {
            let results = try await withWorld(2) { communicator in
                if communicator.rank == 0 {
                    try communicator.send([Int32](repeating: 0, count: 4), to: 1)
                } else {
                    var memory = [Float](repeating: 0, count: 4)
                    try communicator.receive(&memory, from: 0)
                }
                try communicator.barrier()
            }
            for error in failing(results) {
                #expect(error.code == .mismatch && error.rank == 0 && error.operation == .sendReceive)
            }
        }
    }
}
