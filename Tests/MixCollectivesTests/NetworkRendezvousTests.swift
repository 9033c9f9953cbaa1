import CMixSystem
import Foundation
@testable import MixCollectives
import Synchronization
import Testing

extension CollectiveTests {
    /// Ranks of several machines find each other; here all of them are threads.
    @Suite struct NetworkRendezvous {
        @Test(arguments: [1, 2, 3, 8, 16])
        func all(ranks: Int) async throws {
            let rendezvous = try "tcp://127.0.0.1:\(freePort())"
            let expected = (0..<ranks).map(networkContribution)
            let results = try await onThreads(ranks) { rank in
                // Again, as for a second communicator.
                for _ in 0..<3 {
                    guard try gather(rank, of: ranks, at: rendezvous) == expected else {
                        throw Wrong("rank \(rank): wrong table")
                    }
                }
            }
            succeeding(results)
        }

        @Test(arguments: ["[::1]", "localhost"])
        func otherFormsOfAddress(host: String) async throws {
            let rendezvous = try "tcp://\(host):\(freePort(host == "localhost" ? "127.0.0.1" : "::1"))"
            let results = try await onThreads(3) { try gather($0, of: 3, at: rendezvous).count == 3 }
            #expect(succeeding(results) == [true, true, true])
        }

        /// Rank 0 and others come only once another has been waiting for a while.
        @Test func late() async throws {
            let rendezvous = try "tcp://127.0.0.1:\(freePort())"
            let results = try await onThreads(3) { rank in
                if rank != 2 { mix_rest(700) }
                return try gather(rank, of: 3, at: rendezvous).count
            }
            #expect(succeeding(results) == [3, 3, 3])
        }

        @Test func missing() async throws {
            let rendezvous = try "tcp://127.0.0.1:\(freePort())"
            let results = try await onThreads(3) { index in
                try gather([0, 2, 4][index], of: 5, at: rendezvous, timeout: .milliseconds(700))
            }
            for result in results {
                let error = try collectiveError(result)
                #expect(error.code == .deadlineExceeded && error.rank == 1, "\(error)")
                #expect(
                    error.message.contains("ranks 1, 3 of 5 did not come") && error.message.contains("0.7 seconds"),
                    "\(error)")
            }
        }

        @Test func rankZeroIsMissing() async throws {
            let rendezvous = try "tcp://127.0.0.1:\(freePort())"
            let results = try await onThreads(1) { _ in
                try gather(1, of: 2, at: rendezvous, timeout: .milliseconds(300))
            }
            let error = try collectiveError(results[0])
            #expect(error.code == .deadlineExceeded && error.rank == 0 && error.message.contains("refused"), "\(error)")
        }

        @Test func duplicate() async throws {
            let rendezvous = try "tcp://127.0.0.1:\(freePort())"
            let results = try await onThreads(3) { try gather([0, 2, 2][$0], of: 4, at: rendezvous) }
            for result in results {
                let error = try collectiveError(result)
                #expect(error.code == .invalidJob && error.message.contains("two processes are rank 2"), "\(error)")
            }
        }

        @Test(arguments: [(1, 3, "has 3 ranks"), (5, 2, "outside 0 ..< 2"), (0, 2, "two processes are rank 0")])
        func doesNotFit(rank: Int, worldSize: Int, message: String) async throws {
            let port = try freePort()
            let rendezvous = "tcp://127.0.0.1:\(port)"
            let results = try await onThreads(2) { index in
                if index == 0 { return try gather(0, of: 2, at: rendezvous) }
                // Past the checks that a rank makes of itself.
                let connector = PeerConnector(
                    .rendezvous, from: rank, to: 0, worldSize: worldSize, secret: Secret("the job's"))
                mix_close(try strangerConnects(port))
                let deadline = mix_now() + 10_000_000_000
                _ = try connector.attempt(
                    NetworkAddress(host: "127.0.0.1", port: port), until: deadline, replyUntil: deadline)
                throw Wrong("let in")
            }
            for result in results {
                let error = try collectiveError(result)
                #expect(error.code == .invalidJob && error.message.contains(message), "\(error)")
            }
        }

        @Test func wrongSecret() async throws {
            let rendezvous = try "tcp://127.0.0.1:\(freePort())"
            let results = try await onThreads(3) { rank in
                try gather(
                    rank, of: 3, at: rendezvous, secret: rank == 2 ? "another" : "the job's",
                    timeout: rank == 2 ? .seconds(20) : .seconds(1))
            }
            let own = try collectiveError(results[2])
            #expect(own.code == .rendezvousFailed && own.message.contains("the shared secret differs"), "\(own)")
            for result in results[..<2] {
                let error = try collectiveError(result)
                #expect(error.code == .deadlineExceeded && error.rank == 2, "\(error)")
                #expect(error.message.contains("which says it is rank 2, has another secret"), "\(error)")
            }
        }

        @Test(arguments: [
            ("srun (PMI-2)", "export MIX_SECRET=$(openssl rand -hex 32); srun …"),
            ("mpirun (Open MPI)", "export MIX_SECRET=$(openssl rand -hex 32); mpirun -x MIX_SECRET …"),
            ("mpirun (MPICH)", "export MIX_SECRET=$(openssl rand -hex 32); mpirun …"),
            ("Kubernetes", "kubectl create secret generic mix --from-literal=MIX_SECRET=$(openssl rand -hex 32)"),
            ("torchrun", "on all machines, with what \"openssl rand -hex 32\" printed on one of them"),
        ])
        func noSecret(launcher: String, advice: String) throws {
            let error = try #require(throws: CollectiveError.self) {
                let job = Job(rank: 0, worldSize: 2, rendezvous: "tcp://node0:4242", launcher: launcher)
                _ = try Secret.current(for: job, in: [:])
            }
            #expect(error.code == .invalidJob && error.message.hasSuffix(advice), "\(error)")
        }

        @Test func portInUse() async throws {
            var port: Int32 = 0
            let listener = mix_tcp_listen("127.0.0.1", 0, &port)
            defer { mix_close(listener) }
            let error = try #require(throws: CollectiveError.self) {
                try gather(0, of: 2, at: "tcp://127.0.0.1:\(port)")
            }
            #expect(error.code == .rendezvousFailed && error.message.contains("is in use"), "\(error)")
        }

        /// Somebody else's service at the address.
        @Test(arguments: ["SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2\r\n and so on, and so on", ""])
        func strangerListens(greeting: String) async throws {
            var port: Int32 = 0
            let listener = mix_tcp_listen("127.0.0.1", 0, &port)
            let chosen = port
            defer { mix_close(listener) }
            let results = try await onThreads(2) { index in
                if index == 0 {
                    return try gather(1, of: 2, at: "tcp://127.0.0.1:\(chosen)", timeout: .seconds(2)).count
                }
                guard mix_wait_file(listener, 0, 10_000) == 0 else { throw Wrong("nobody came") }
                let socket = mix_tcp_accept(listener)
                _ = Connection.send(socket, Array(greeting.utf8), until: mix_now() + 1_000_000_000)
                // Silent until the rank gives up.
                var bytes: [UInt8] = []
                _ = Connection.receive(socket, &bytes, count: 1000, until: mix_now() + 10_000_000_000)
                mix_close(socket)
                return 0
            }
            let error = try collectiveError(results[0])
            if greeting.isEmpty {
                #expect(error.code == .deadlineExceeded, "\(error)")
            } else {
                #expect(
                    error.code == .rendezvousFailed && error.message.contains("something else than a rank"), "\(error)")
            }
        }

        /// Port scanners, half-open connections and loris come before, between and after the ranks.
        @Test func strangersInNumbers() async throws {
            let port = try freePort()
            let rendezvous = "tcp://127.0.0.1:\(port)"
            let start = mix_now()
            let results = try await onThreads(4, limit: .seconds(60)) { index in
                guard index == 3 else {
                    // The last rank comes when the flood is over, so that all of it meets a rank 0 that waits.
                    if index == 2 {
                        while Self.flooded.load(ordering: .acquiring) == 0 { mix_yield() }
                    }
                    return try gather(index, of: 3, at: rendezvous, timeout: .seconds(50)).count
                }
                defer { Self.flooded.store(1, ordering: .releasing) }
                var held: [Int32] = []
                var generator = Generator(seed: 1)
                for number in 0..<10_000 {
                    let socket = try strangerConnects(port)
                    let junk: [UInt8] =
                        switch number % 5 {
                        case 0: []
                        case 1: Array("GET / HTTP/1.1\r\n\r\n".utf8)
                        case 2: (0..<200).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
                        // As far as one gets without the secret.
                        case 3: Handshake.magic + Handshake.bytes(of: Handshake.version)
                        default:
                            Handshake.magic + Handshake.bytes(of: Handshake.version) + [UInt8](repeating: 7, count: 200)
                        }
                    _ = Connection.send(socket, junk, until: mix_now() + 1_000_000_000)
                    if number % 10 == 0 && held.count < 500 { held.append(socket) } else { mix_close(socket) }
                }
                for socket in held { mix_close(socket) }
                return 3
            }
            #expect(succeeding(results) == [3, 3, 3, 3])
            #expect(mix_now() - start < 40_000_000_000)
        }

        private static let flooded = Atomic<Int>(0)

        /// Bytes that trickle in hold nobody up, and their connection goes after its few seconds.
        @Test func slowLoris() async throws {
            let port = try freePort()
            let results = try await onThreads(3, limit: .seconds(30)) { index in
                if index < 2 {
                    if index == 1 { while Self.trickled.load(ordering: .acquiring) < 5 { mix_yield() } }
                    defer { _ = Self.trickled.wrappingAdd(100, ordering: .releasing) }
                    return try gather(index, of: 2, at: "tcp://127.0.0.1:\(port)").count
                }
                let socket = try strangerConnects(port)
                defer { mix_close(socket) }
                for byte in Handshake.magic.prefix(5) {
                    guard Connection.send(socket, [byte], until: mix_now() + 1_000_000_000) == 0 else {
                        throw Wrong("dropped at once")
                    }
                    _ = Self.trickled.wrappingAdd(1, ordering: .releasing)
                }
                // Still connected while the ranks meet.
                while Self.trickled.load(ordering: .acquiring) < 200 { mix_yield() }
                return 2
            }
            #expect(succeeding(results) == [2, 2, 2])
        }

        private static let trickled = Atomic<Int>(0)

        @Test func progress() {
            #expect(
                WaitingProgress.line([3, 7], of: 8, seconds: 12) == "mixserve: waiting for ranks 3, 7 of 8 for 12 s")
            #expect(
                WaitingProgress.line(Array(1..<100), of: 100, seconds: 5).hasSuffix("15, 16, … of 100 for 5 s"))
            let (loud, quiet) = (
                WaitingProgress(worldSize: 8, isQuiet: false), WaitingProgress(worldSize: 8, isQuiet: true)
            )
            #expect(loud.next <= mix_now() + 5_000_000_000 && quiet.next == .max)
        }

        /// Nobody is kept longer than a few seconds, whatever it says.
        @Test func strangersAreDropped() async throws {
            var port: Int32 = 0
            let listener = mix_tcp_listen("127.0.0.1", 0, &port)
            defer { mix_close(listener) }
            let acceptor = PeerAcceptor(listener: listener, secret: Secret("the job's"))
            var held: [Int32] = []
            defer { for socket in held { mix_close(socket) } }
            for _ in 0..<PeerAcceptor.greatestPending + 10 { held.append(try strangerConnects(Int(port))) }
            guard case .deadline = try acceptor.next(until: mix_now() + 300_000_000) else { throw Wrong("let in") }
            // There were more than there may be: the oldest went.
            #expect(acceptor.strangers == 10)
            guard case .deadline = try acceptor.next(until: mix_now() + PeerAcceptor.pendingNanoseconds) else {
                throw Wrong("let in")
            }
            #expect(acceptor.strangers == held.count)
            var bytes: [UInt8] = []
            for socket in held {
                #expect(
                    Connection.receive(socket, &bytes, count: Handshake.challengeBytes + 1, until: mix_now()) == -104)
            }
        }

        /// A rank dies at the rendezvous and is started again.
        @Test func comesAgain() async throws {
            let port = try freePort()
            let results = try await onThreads(3) { index in
                let rendezvous = "tcp://127.0.0.1:\(port)"
                if index < 2 {
                    if index == 1 { while Self.diedOnce.load(ordering: .acquiring) == 0 { mix_yield() } }
                    return try gather(index, of: 3, at: rendezvous).count
                }
                let socket = try strangerConnects(port)
                var challenge: [UInt8] = []
                _ = Connection.receive(
                    socket, &challenge, count: Handshake.challengeBytes, until: mix_now() + 5_000_000_000)
                let claims = Handshake.Claims(
                    .rendezvous, from: 2, to: 0, worldSize: 3, context: Handshake.noContext, payload: [])
                _ = Connection.send(
                    socket, try Handshake.answer(claims, to: challenge, Secret("the job's")),
                    until: mix_now() + 1_000_000_000)
                mix_close(socket)
                Self.diedOnce.store(1, ordering: .releasing)
                return try gather(2, of: 3, at: rendezvous).count
            }
            #expect(succeeding(results) == [3, 3, 3])
        }

        private static let diedOnce = Atomic<Int>(0)

        @Test(arguments: [
            "tcp://", "tcp://host", "tcp://host:0", "tcp://host:65536", "tcp://::1:80", "file://", "file://relative",
            "file:///folder/",
        ])
        func placesThatMakeNoSense(rendezvous: String) throws {
            let error = try #require(throws: CollectiveError.self) { try gather(0, of: 2, at: rendezvous) }
            #expect(error.code == .invalidJob && error.message.contains(rendezvous), "\(error)")
        }

        // MARK: Files

        @Test func file() async throws {
            let folder = try TemporaryFolder()
            let results = try await onThreads(5) { try gather($0, of: 5, at: "file://\(folder.path)/meet").count }
            #expect(succeeding(results) == [5, 5, 5, 5, 5])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        }

        /// Files that earlier jobs left: with another secret, with this one and nobody there, with somebody else there,
        /// and half a file.
        @Test(arguments: 0..<4)
        func staleFile(kind: Int) async throws {
            let folder = try TemporaryFolder()
            let path = folder.path + "/meet"
            var port: Int32 = 0
            let stranger = mix_tcp_listen("127.0.0.1", 0, &port)
            if kind != 2 { mix_close(stranger) }
            defer { if kind == 2 { mix_close(stranger) } }
            let content = try RendezvousFile.Content(
                addresses: [NetworkAddress(host: "127.0.0.1", port: Int(port))], nonce: Handshake.nonce())
            try RendezvousFile(path: path, secret: Secret(kind == 0 ? "another" : "the job's")).write(content)
            if kind == 3 {
                let half = try Data(contentsOf: URL(fileURLWithPath: path)).dropLast(40)
                try half.write(to: URL(fileURLWithPath: path))
            }
            let results = try await onThreads(3) { rank in
                // The others see the stale file first.
                if rank == 0 { mix_rest(200) }
                return try gather(rank, of: 3, at: "file://" + path).count
            }
            #expect(succeeding(results) == [3, 3, 3])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        }

        @Test func fileCannotBeWritten() throws {
            let error = try #require(throws: CollectiveError.self) {
                try gather(0, of: 2, at: "file:///nowhere/at/all")
            }
            #expect(error.code == .system && error.message.contains("/nowhere/at/all"), "\(error)")
        }
    }
}
