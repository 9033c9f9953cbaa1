import CMixSystem
@testable import MixCollectives
import Testing

extension CollectiveTests {
    /// Ranks join each other by connections of their own.
    @Suite struct TCPMeshes {
        private static let loopback = NetworkInterface(name: "lo", address: "127.0.0.1", isUp: true, isLoopback: true)
        private static let loopback6 = NetworkInterface(name: "lo", address: "::1", isUp: true, isLoopback: true)

        /// Addresses travel through a rendezvous, as in a job; then every rank runs `body` with its sockets.
        private func join<Value: Sendable>(
            _ ranks: Int, _ interface: NetworkInterface = loopback, timeout: Duration = .seconds(20),
            secret: @escaping @Sendable (Int) -> String = { _ in "the job's" },
            peers: @escaping @Sendable (Int) -> [Int],
            _ body: @escaping @Sendable (Int, [Int: Int32]) throws -> Value
        ) async throws -> [Result<Value, any Error>] {
            let rendezvous = try "tcp://127.0.0.1:\(freePort())"
            return try await onThreads(ranks) { rank in
                let listener = try TCPListener(interface)
                let table = try gather(rank, of: ranks, at: rendezvous, Array(listener.address.description.utf8))
                let addresses = try table.map { text in
                    guard let address = NetworkAddress(String(decoding: text, as: UTF8.self)) else {
                        throw Wrong("\(text)")
                    }
                    return address
                }
                let mesh = TCPMesh(rank: rank, addresses: addresses, secret: Secret(secret(rank)), timeout: timeout)
                let sockets = try mesh.connect(peers(rank), listener: listener)
                defer { for socket in sockets.values { mix_close(socket) } }
                return try body(rank, sockets)
            }
        }

        /// Each end of each socket is where it should be: a message says so.
        private static func talk(_ rank: Int, _ sockets: [Int: Int32]) throws -> [Int] {
            for (peer, socket) in sockets {
                let result = Connection.send(
                    socket, Handshake.bytes(of: UInt32(rank << 16 | peer)), until: mix_now() + 5_000_000_000)
                guard result == 0 else { throw Wrong("send: errno \(-result)") }
            }
            for (peer, socket) in sockets {
                var bytes: [UInt8] = []
                let result = Connection.receive(socket, &bytes, count: 4, until: mix_now() + 5_000_000_000)
                guard result == 0, Handshake.word(bytes, 0) == UInt32(peer << 16 | rank) else {
                    throw Wrong("rank \(rank), peer \(peer): \(bytes), errno \(-result)")
                }
            }
            return sockets.keys.sorted()
        }

        @Test(arguments: [2, 3, 8], [false, true])
        func everybody(ranks: Int, six: Bool) async throws {
            let results = try await join(
                ranks, six ? Self.loopback6 : Self.loopback, peers: { rank in (0..<ranks).filter { $0 != rank } }
            ) {
                try Self.talk($0, $1)
            }
            #expect(succeeding(results) == (0..<ranks).map { rank in (0..<ranks).filter { $0 != rank } })
        }

        /// Two ranks on each node: only ranks of other nodes are joined.
        @Test func nodes() async throws {
            let results = try await join(6, peers: { rank in (0..<6).filter { $0 / 2 != rank / 2 } }) {
                try Self.talk($0, $1)
            }
            #expect(succeeding(results)[3] == [0, 1, 4, 5])
        }

        @Test func missingRank() async throws {
            let results = try await join(
                3, timeout: .milliseconds(500), peers: { rank in rank == 1 ? [] : [0, 1, 2].filter { $0 != rank } }
            ) { rank, _ in
                // Its listener is open and nobody accepts there.
                if rank == 1 { mix_rest(1500) }
            }
            for rank in [0, 2] {
                let error = try collectiveError(results[rank])
                #expect(error.rank == 1 && error.message.contains("127.0.0.1:"), "\(error)")
                #expect([.deadlineExceeded, .rankLost].contains(error.code), "\(error)")
            }
        }

        @Test func wrongSecret() async throws {
            let results = try await join(
                2, timeout: .milliseconds(500), secret: { $0 == 1 ? "another" : "the job's" }, peers: { [1 - $0] }
            ) { _, _ in }
            let (waiting, wrong) = (try collectiveError(results[0]), try collectiveError(results[1]))
            #expect(wrong.code == .rendezvousFailed && wrong.message.contains("the shared secret differs"), "\(wrong)")
            #expect(
                waiting.code == .deadlineExceeded && waiting.rank == 1 && waiting.message.contains("another secret"),
                "\(waiting)")
        }

        /// The second connection of a rank is refused and the first one lives; so is one of another job.
        @Test func twice() async throws {
            let rendezvous = try "tcp://127.0.0.1:\(freePort())"
            let results = try await onThreads(2) { index in
                if index == 0 {
                    let listener = try TCPListener(Self.loopback)
                    let address = listener.address
                    _ = try gather(0, of: 2, at: rendezvous, Array(address.description.utf8))
                    let mesh = TCPMesh(
                        rank: 0, addresses: [address, address, address], secret: Secret("the job's"),
                        timeout: .seconds(10))
                    let sockets = try mesh.connect([1, 2], listener: listener)
                    defer { for socket in sockets.values { mix_close(socket) } }
                    return try Self.talk(0, sockets)
                }
                let text = String(decoding: try gather(1, of: 2, at: rendezvous)[0], as: UTF8.self)
                guard let address = NetworkAddress(text) else { throw Wrong(text) }
                let context = Secret.digest(Array([text, text, text].joined(separator: "\n").utf8))
                func connect(_ rank: Int, _ context: [UInt8]) throws -> Int32 {
                    let connector = PeerConnector(
                        .link, from: rank, to: 0, worldSize: 3, context: context, secret: Secret("the job's"))
                    let deadline = mix_now() + 10_000_000_000
                    switch try connector.attempt(address, until: deadline, replyUntil: deadline) {
                    case .joined(let connection, _): return connection.take()
                    case .nobody(let errno, _): throw Wrong("nobody: \(errno)")
                    case .stranger(let text): throw Wrong(text)
                    }
                }
                let first = try connect(1, context)
                let again = try #require(throws: CollectiveError.self) { try connect(1, context) }
                #expect(again.code == .invalidJob && again.message.contains("connected to rank 0 already"), "\(again)")
                let other = try #require(throws: CollectiveError.self) { try connect(2, Handshake.noContext) }
                #expect(other.code == .invalidJob && other.message.contains("does not expect"), "\(other)")
                let second = try connect(2, context)
                defer { for socket in [first, second] { mix_close(socket) } }
                _ = try (Self.talk(1, [0: first]), Self.talk(2, [0: second]))
                return [0]
            }
            #expect(succeeding(results) == [[1, 2], [0]])
        }

        // MARK: Interfaces

        private static let interfaces = [
            loopback, NetworkInterface(name: "eth0", address: "10.0.0.5", isUp: true, isLoopback: false),
            NetworkInterface(name: "eth1", address: "192.168.7.5", isUp: true, isLoopback: false),
            NetworkInterface(name: "eth1", address: "fe80::1%eth1", isUp: true, isLoopback: false),
            NetworkInterface(name: "eth2", address: "172.16.0.1", isUp: false, isLoopback: false),
        ]

        @Test(arguments: [
            ("eth1", "192.168.7.5"), ("192.168.", "192.168.7.5"), ("lo", "127.0.0.1"), ("fe80:", "fe80::1%eth1"),
        ])
        func wish(text: String, address: String) throws {
            #expect(try NetworkInterface.chosen(text, near: nil, among: Self.interfaces).address == address)
        }

        @Test(arguments: ["eth9", "eth2", "172."])
        func wishThatCannotBe(text: String) throws {
            let error = try #require(throws: CollectiveError.self) {
                try NetworkInterface.chosen(text, near: nil, among: Self.interfaces)
            }
            #expect(error.code == .invalidJob && error.message.contains("eth0 (10.0.0.5)"), "\(error)")
        }

        @Test func nearTheRendezvous() throws {
            let near = { (host: String) in
                try NetworkInterface.chosen(nil, near: NetworkAddress(host: host, port: 1), among: Self.interfaces)
                    .address
            }
            #expect(try near("127.0.0.1") == "127.0.0.1")
            #expect(try near("localhost") == "127.0.0.1")
            #expect(try NetworkInterface.chosen(nil, near: nil, among: Self.interfaces).address == "10.0.0.5")
            #expect(try NetworkInterface.chosen(nil, near: nil, among: [Self.loopback]).address == "127.0.0.1")
            #expect(throws: CollectiveError.self) { try NetworkInterface.chosen(nil, near: nil, among: []) }
        }
    }
}
