import CMixSystem
import Foundation
@testable import MixCollectives
import Testing

extension CollectiveTests {
    /// One link over a loopback connection, its ends in two threads.
    @Suite struct TCPLinks {
        private struct Message {
            var channel: Int
            var bytes: Int
            var seed: UInt64
            var signature: UInt64 { mix(seed) }

            /// What it carries, from end `sender`.
            func content(from sender: Int) -> [UInt8] {
                // A tile of an odd length, again and again: quick to make, and no two of its places look alike.
                var generator = Generator(seed: seed &+ UInt64(sender))
                let tile = (0..<Swift.min(bytes, 65_521)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
                var content: [UInt8] = []
                content.reserveCapacity(bytes + tile.count)
                while content.count < bytes { content += tile }
                content.removeLast(content.count - bytes)
                return content
            }
        }

        /// Memory with canaries behind it.
        private final class Memory {
            let bytes: UnsafeMutableRawPointer
            let count: Int
            init(_ content: [UInt8]) {
                count = content.count
                bytes = .allocate(byteCount: count + 64, alignment: 1)
                _ = content.withUnsafeBytes { memcpy(bytes, $0.baseAddress ?? UnsafeRawPointer(bytes), count) }
                memset(bytes + count, 0xa5, 64)
            }
            deinit { bytes.deallocate() }
            func holds(_ content: [UInt8]) -> Bool {
                guard (0..<64).allSatisfy({ bytes.load(fromByteOffset: count + $0, as: UInt8.self) == 0xa5 }) else {
                    return false
                }
                return content.withUnsafeBytes { count == 0 || memcmp(bytes, $0.baseAddress!, count) == 0 }
            }
        }

        /// Both ends send all messages and receive them in an order of their own (in order within a channel).
        private func exchange(_ messages: [Message], order: [Int]? = nil, sendFirst: Bool = false) async throws
            -> [LinkCounters]
        {
            let results = try await withLinks { link in
                let me = 1 - link.peer
                var order = order ?? Array(messages.indices)
                if me == 1 { order = Array(messages.indices) }
                let sources = messages.map { Memory($0.content(from: me)) }
                let targets = messages.map { Memory([UInt8](repeating: 0, count: $0.bytes)) }
                let sends = messages.indices.map {
                    link.send(
                        messages[$0].bytes == 0 ? nil : UnsafeRawPointer(sources[$0].bytes), messages[$0].bytes,
                        channel: messages[$0].channel, signature: messages[$0].signature)
                }
                if sendFirst { try link.complete(sends) }
                // In groups, so that some receives are there early and others late.
                var next = 0
                var size = 1
                while next < order.count {
                    let group = order[next..<Swift.min(next + size, order.count)]
                    let receives = group.map {
                        link.receive(
                            messages[$0].bytes == 0 ? nil : targets[$0].bytes, messages[$0].bytes,
                            channel: messages[$0].channel, signature: messages[$0].signature)
                    }
                    try link.complete(receives)
                    next += size
                    size = size % 7 + 1
                }
                try link.complete(sends)
                for (index, message) in messages.enumerated() {
                    guard targets[index].holds(message.content(from: link.peer)) else {
                        throw Wrong("end \(me), message \(index) (\(message)): wrong")
                    }
                    guard sources[index].holds(message.content(from: me)) else { throw Wrong("source changed") }
                }
                return link.counters
            }
            let counters = try results.map { try $0.get() }
            let total = messages.reduce(0) { $0 + UInt64($1.bytes) }
            for counter in counters {
                #expect(counter.bytesSent == total && counter.bytesReceived == total)
                let count = UInt64(messages.count)
                #expect(counter.workRequests == count && counter.completions == count && counter.arrivals == count)
            }
            return counters
        }

        @Test(arguments: [0, 1, 31, 32, 33, 4096, 8192, 8193, 16_352, 16_384, 16_385, 65_536, 1_000_003, 100_000_000])
        func everySize(bytes: Int) async throws {
            let counters = try await exchange([Message(channel: 0, bytes: bytes, seed: 11)])
            if bytes > 1 << 20 {
                // Large payloads go from memory to memory.
                #expect(counters.allSatisfy { $0.bytesCopied < 64 << 10 }, "\(counters)")
            }
        }

        @Test func largeMessagesInOrderAreNotCopied() async throws {
            let messages = (0..<20).map { Message(channel: 0, bytes: 1 << 20, seed: UInt64($0)) }
            let counters = try await exchange(messages)
            #expect(counters.allSatisfy { $0.bytesCopied <= 20 * 16 << 10 }, "\(counters)")
        }

        @Test func tinyMessagesShareCalls() async throws {
            let messages = (0..<5000).map { Message(channel: 0, bytes: 1 + $0 % 17, seed: UInt64($0)) }
            let counters = try await exchange(messages)
            #expect(counters.allSatisfy { $0.doorbells < 5000 }, "\(counters)")
        }

        @Test(arguments: 0..<12)
        func randomSizesChannelsAndOrders(round: Int) async throws {
            let seed = UInt64.random(in: 0...UInt64.max)
            var generator = Generator(seed: seed)
            let sizes = [0, 1, 8, 100, 5000, 9000, 20_000, 70_000, 300_000, 3_000_000]
            let messages = (0..<60).map { _ in
                Message(
                    channel: generator.pick([0, 0, 1, 2, 17]), bytes: generator.pick(sizes) + generator.below(3),
                    seed: generator.next())
            }
            // Any order between channels, the messages' own within one.
            var order = Array(messages.indices)
            if round % 3 == 1 { order.sort { (messages[$0].channel, $0) < (messages[$1].channel, $1) } }
            if round % 3 == 2 {
                var left = Dictionary(grouping: order) { messages[$0].channel }
                order = []
                while let channel = left.keys.sorted().randomElement(using: &generator) {
                    order.append(left[channel]!.removeFirst())
                    if left[channel]!.isEmpty { left[channel] = nil }
                }
            }
            do {
                _ = try await exchange(messages, order: order, sendFirst: round % 4 == 3)
            } catch {
                throw Wrong("seed \(seed), round \(round): \(error)")
            }
        }

        @Test func bothSendFirst() async throws {
            let messages = [Message(channel: 3, bytes: 64 << 20, seed: 5)]
            let counters = try await exchange(messages, sendFirst: true)
            // Nobody asked for it in time: it had to be put aside.
            #expect(counters.contains { $0.bytesCopied > 32 << 20 }, "\(counters)")
        }

        /// A message that nobody asked for is not in the way of one on another channel.
        @Test(arguments: [1000, 1 << 20, 20 << 20])
        func unaskedMessageDoesNotBlock(bytes: Int) async throws {
            let first = Message(channel: 0, bytes: bytes, seed: 1)
            let second = Message(channel: 1, bytes: 10, seed: 2)
            _ = try await exchange([first, second], order: [1, 0])
        }

        /// What nobody waits for stays in the kernel, and the sender waits.
        @Test func unaskedMessagesHoldTheSenderBack() async throws {
            let results = try await withLinks { link in
                let memory = Memory([UInt8](repeating: 1, count: 64 << 20))
                if link.peer == 1 {
                    let ticket = link.send(memory.bytes, memory.count, channel: 0, signature: 1)
                    // Until the other end says on its way back that it looked, this can't be complete.
                    let word = link.receive(memory.bytes, 0, channel: 1, signature: 2)
                    try link.complete([word])
                    guard !link.isComplete(ticket) else { throw Wrong("64 MiB went without a receiver") }
                    try link.complete([ticket])
                } else {
                    for _ in 0..<1000 { try link.advance() }
                    guard link.counters.bytesCopied == 0, link.counters.doorbells == 0 else {
                        throw Wrong("it was read")
                    }
                    try link.complete([link.send(nil, 0, channel: 1, signature: 2)])
                    try link.complete([link.receive(memory.bytes, memory.count, channel: 0, signature: 1)])
                }
            }
            succeeding(results)
        }

        @Test(arguments: [0, 1000, 4 << 20])
        func whatWasSentBeforeClosingArrives(bytes: Int) async throws {
            let message = Message(channel: 0, bytes: bytes, seed: 3)
            let results = try await withLinks { link in
                if link.peer == 1 {
                    let memory = Memory(message.content(from: 0))
                    try link.complete([link.send(memory.bytes, bytes, channel: 0, signature: 9)])
                    link.close()
                } else {
                    let memory = Memory([UInt8](repeating: 0, count: bytes))
                    try link.complete([link.receive(memory.bytes, bytes, channel: 0, signature: 9)])
                    guard memory.holds(message.content(from: 0)) else { throw Wrong("wrong bytes") }
                    let next = link.receive(memory.bytes, bytes, channel: 0, signature: 9)
                    let error = try Self.failure { try link.complete([next]) }
                    guard case .lost(let reason, _) = error, reason.contains("rank 0 closed") else {
                        throw Wrong("\(error)")
                    }
                    // It stays lost.
                    _ = try Self.failure { try link.advance() }
                }
            }
            succeeding(results)
        }

        /// The peer's process ends in the middle of a message, of the sender's and of the receiver's.
        @Test(arguments: [false, true])
        func peerEndsInTheMiddle(whileSending: Bool) async throws {
            let sockets = try loopbackSockets()
            let results = try await onThreads(2) { end in
                if end == 1 {
                    var header = FrameHeader(channel: 0, signature: 1, bytes: 1 << 20, number: 0)
                    withUnsafeMutableBytes(of: &header) {
                        var part = mix_part(address: $0.baseAddress!, bytes: $0.count)
                        _ = mix_tcp_write(sockets.1, &part, 1)
                        _ = mix_tcp_write(sockets.1, &part, 1)
                    }
                    // With something unread the kernel resets the connection, as when a process is killed.
                    if whileSending { _ = mix_wait_file(sockets.1, 0, 5000) }
                    mix_close(sockets.1)
                    return
                }
                let link = TCPLink(socket: sockets.0, peer: 7, timeout: .seconds(20))
                let memory = Memory([UInt8](repeating: 0, count: 64 << 20))
                let ticket =
                    whileSending
                    ? link.send(memory.bytes, memory.count, channel: 0, signature: 1)
                    : link.receive(memory.bytes, 1 << 20, channel: 0, signature: 1)
                let error = try Self.failure { try link.complete([ticket]) }
                guard case .lost(let reason, let errno) = error, reason.contains("rank 7"),
                    errno == ECONNRESET || errno == EPIPE,
                    whileSending || reason.contains("in the middle of a message of 1048576 bytes")
                else { throw Wrong("\(error)") }
            }
            succeeding(results)
        }

        /// Told whether the receive was there before the message or not.
        @Test(arguments: [false, true], [(1, 100), (2, 101), (2, 0)] as [(UInt64, Int)])
        func somethingElseThanExpected(early: Bool, expected: (UInt64, Int)) async throws {
            let results = try await withLinks { link in
                let memory = Memory([UInt8](repeating: 0, count: 200))
                if link.peer == 1 {
                    let sends = [(0, 100), (1, 0)].map { link.send(memory.bytes, $1, channel: $0, signature: 2) }
                    try link.complete(sends)
                    // Stays until the other end has looked.
                    _ = try Self.failure { try link.complete([link.receive(nil, 0, channel: 0, signature: 0)]) }
                } else {
                    if early { try link.complete([link.receive(nil, 0, channel: 1, signature: 2)]) }
                    let ticket = link.receive(memory.bytes, expected.1, channel: 0, signature: expected.0)
                    let error = try Self.failure { try link.complete([ticket]) }
                    guard
                        case .unexpected(
                            signature: 2, bytes: 100, expectedSignature: expected.0, expectedBytes: expected.1) =
                            error
                    else { throw Wrong("\(error)") }
                    guard memory.holds([UInt8](repeating: 0, count: 200)) else { throw Wrong("memory was written") }
                }
            }
            succeeding(results)
        }

        @Test func streamThatMakesNoSense() async throws {
            let sockets = try loopbackSockets()
            defer { mix_close(sockets.1) }
            let link = TCPLink(socket: sockets.0, peer: 1, timeout: .seconds(20))
            var junk = Array("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n".utf8)
            junk.withUnsafeMutableBytes {
                var part = mix_part(address: $0.baseAddress!, bytes: $0.count)
                _ = mix_tcp_write(sockets.1, &part, 1)
            }
            let error = try Self.failure { try link.complete([link.receive(nil, 0, channel: 0, signature: 1)]) }
            guard case .lost(let reason, _) = error, reason.contains("makes no sense") else { throw Wrong("\(error)") }
        }

        private static func failure(_ body: () throws -> Void) throws -> LinkError {
            do { try body() } catch let error as LinkError { return error }
            throw Wrong("no error")
        }
    }
}
