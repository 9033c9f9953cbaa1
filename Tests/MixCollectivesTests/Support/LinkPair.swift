import CMixSystem
@testable import MixCollectives

/// Two ends of a loopback connection, 0 and 1.
func loopbackSockets() throws -> (Int32, Int32) {
    var port: Int32 = 0
    let listener = mix_tcp_listen("127.0.0.1", 0, &port)
    guard listener >= 0 else { throw Wrong("listen: errno \(-listener)") }
    defer { mix_close(listener) }
    let first = mix_tcp_connect("127.0.0.1", port, 5000)
    guard first >= 0, mix_wait_file(listener, 0, 5000) == 0 else { throw Wrong("connect: errno \(-first)") }
    let second = mix_tcp_accept(listener)
    guard second >= 0 else { throw Wrong("accept: errno \(-second)") }
    return (first, second)
}

/// Runs `body` at both ends of a link, each on a thread of its own; the links are closed behind it.
func withLinks<Value: Sendable>(
    timeout: Duration = .seconds(20), limit: Duration = .seconds(60),
    _ body: @escaping @Sendable (TCPLink) throws -> Value
) async throws -> [Result<Value, any Error>] {
    let sockets = try loopbackSockets()
    return try await onThreads(2, limit: limit) { end in
        let link = TCPLink(socket: end == 0 ? sockets.0 : sockets.1, peer: 1 - end, timeout: timeout)
        defer { link.close() }
        return try body(link)
    }
}

extension TCPLink {
    /// Advances until all of the messages are complete.
    func complete(_ tickets: [LinkTicket], within seconds: Int64 = 30) throws {
        let deadline = mix_now() + seconds * 1_000_000_000
        for ticket in tickets {
            var last = -1
            while true {
                try advance()
                let moved = moved(ticket)
                guard moved >= last, moved <= ticket.bytes else { throw Wrong("moved \(moved) after \(last)") }
                last = moved
                if isComplete(ticket) { break }
                guard mix_now() < deadline else { throw Wrong("\(ticket) not complete within \(seconds) s") }
                // A millisecond at most: what this end waits for may need the other's patience to end first.
                let (file, wantsToWrite) = descriptor
                _ = mix_wait_file(file, wantsToWrite ? 1 : 0, 1)
            }
            guard self.moved(ticket) == ticket.bytes else { throw Wrong("complete, but moved \(self.moved(ticket))") }
        }
    }
}
