import CMixSystem
import Foundation
@testable import MixCollectives
import Testing

extension CollectiveTests {
    /// What can go wrong when processes meet and work over TCP: the wrong, the slow, and strangers.
    @Suite struct Misfortunes {
        @Test func portInUse() throws {
            try leavingNothing {
                var port: Int32 = 0
                let listener = mix_tcp_listen("127.0.0.1", 0, &port)
                defer { mix_close(listener) }
                let children = try startRanks(2, timeout: 1.5, at: "tcp://127.0.0.1:\(port)") { _ in [] }.finish()
                let errors = try children.map { try #require($0.reported.first) }
                #expect(errors[0].code == .rendezvousFailed && errors[0].host == Host.name, "\(errors)")
                #expect(errors[0].description.contains("port of the rendezvous \"tcp://127.0.0.1:\(port)\" is in use"))
                #expect(errors[1].code == .deadlineExceeded && errors[1].rank == 0, "\(errors)")
            }
        }

        /// Names of hosts that start together may be known a moment later, so it is the deadline that counts.
        @Test func unknownName() throws {
            try leavingNothing {
                let children = try startRanks(2, timeout: 1.5, at: "tcp://mix-0.invalid:29400") { _ in [] }.finish()
                for (child, missing) in zip(children, [1, 0]) {
                    let error = try #require(child.reported.first, "\(child.output)\(child.errors)")
                    #expect(error.code == .deadlineExceeded && error.rank == missing, "\(error)")
                    #expect(error.description.contains("the host name \"mix-0.invalid\" has no address"), "\(error)")
                }
            }
        }

        @Test func wrongSecret() throws {
            try leavingNothing {
                let rendezvous = try "tcp://127.0.0.1:\(freePort())"
                let children = try ChildProcesses.run(
                    (0..<3).map { rank in
                        var command = ChildProcesses.Command.rank(rank, of: 3, at: rendezvous, timeout: 2, ["join"])
                        if rank == 2 { command.environment["MIX_SECRET"] = "another" }
                        return command
                    })
                let errors = try children.map { try #require($0.reported.first) }
                #expect(errors[2].code == .rendezvousFailed, "\(errors)")
                #expect(errors[2].description.contains("MIX_SECRET must be the same on all ranks"), "\(errors)")
                for error in errors[..<2] {
                    #expect(error.code == .deadlineExceeded && error.rank == 2, "\(error)")
                    #expect(error.description.contains("which says it is rank 2, has another secret"), "\(error)")
                }
            }
        }

        @Test func twice() throws {
            try leavingNothing {
                let rendezvous = try "tcp://127.0.0.1:\(freePort())"
                let children = try ChildProcesses.run(
                    [0, 1, 1].map { .rank($0, of: 3, at: rendezvous, ["join"]) })
                for child in children {
                    let error = try #require(child.reported.first, "\(child.output)\(child.errors)")
                    #expect(error.code == .invalidJob && error.rank == 1, "\(error)")
                    #expect(error.description.contains("two processes are rank 1"), "\(error)")
                }
            }
        }

        /// Two ranks wait while strangers come; the third comes after them, or never.
        @Test(arguments: [(10_000, true), (1000, false)])
        func strangers(number: Int, comes: Bool) throws {
            try leavingNothing {
                let port = try freePort()
                let rendezvous = "tcp://127.0.0.1:\(port)"
                let first = try ChildProcesses(
                    [0, 1].map {
                        .rank($0, of: 3, at: rendezvous, timeout: comes ? 40 : 4, node: "\($0)", ["join", "check"])
                    })
                let junk = [[], Array("GET / HTTP/1.1\r\n\r\n".utf8), Array(repeating: 7, count: 300)]
                for stranger in 0..<number {
                    let socket = try strangerConnects(port)
                    _ = Connection.send(socket, junk[stranger % 3], until: 0)
                    mix_close(socket)
                }
                guard comes else {
                    for child in try first.finish() {
                        let error = try #require(child.reported.first, "\(child.output)\(child.errors)")
                        #expect(error.code == .deadlineExceeded && error.rank == 2, "\(error)")
                        #expect(
                            error.description.contains("; \(number) connections of strangers were dropped"), "\(error)")
                    }
                    return
                }
                let last = try ChildProcesses.run(.rank(2, of: 3, at: rendezvous, node: "2", ["join", "check"]))
                let children = try first.finish() + [last]
                children.expectSuccess()
                #expect(children.allSatisfy { $0.lines.contains { $0.hasPrefix("checked") } })
            }
        }

        @Test func waitingIsTold() throws {
            try leavingNothing {
                let rendezvous = try "tcp://127.0.0.1:\(freePort())"
                let first = try ChildProcesses([0, 2].map { .rank($0, of: 4, at: rendezvous, ["join"]) })
                try first.wait("rank 0 to say for whom it waits") { $0[0].errors.contains("\n") }
                #expect(first.children[0].errors == "mixserve: waiting for ranks 1, 3 of 4 for 5 s\n")
                let others = try ChildProcesses.run([1, 3].map { .rank($0, of: 4, at: rendezvous, ["join"]) })
                try (first.finish() + others).expectSuccess()
                #expect(first.children[1].errors.isEmpty)
            }
        }

        // MARK: Slow ranks

        @Test(arguments: ["times:1000:integers:10", "times:20:integers:200000"])
        func stoppedAndContinuedInTime(step: String) throws {
            try leavingNothing {
                let job = try startRanks(4, nodes: 2, at: "tcp://127.0.0.1:\(freePort())") { _ in [step]
                }
                try job.wait("all to be inside") { $0.allSatisfy { $0.lines.contains("inside") } }
                job.signal(SIGSTOP, child: 3)
                try job.waitUntilStopped(child: 3)
                #expect(job.children.allSatisfy { !$0.lines.contains("done") })
                job.signal(SIGCONT, child: 3)
                try job.finish().expectSuccess()
            }
        }

        @Test(arguments: ["forever:sum:10", "churn:1000000"])
        func stoppedForTooLong(step: String) throws {
            try leavingNothing {
                let job = try startRanks(2, nodes: 2, timeout: 1.5, at: "tcp://127.0.0.1:\(freePort())") { _ in [step] }
                try job.wait("all to be inside") { $0.allSatisfy { $0.lines.contains("inside") } }
                job.signal(SIGSTOP, child: 1)
                try job.wait("the other to give up") { $0[0].status != nil }
                job.signal(SIGCONT, child: 1)
                let children = try job.finish()
                [children[0]].expectErrors(
                    .deadlineExceeded, rank: [1], operation: ["all-reduce"],
                    sequence: Set(children[0].reported.map(\.sequence)))
                // It has passed its own deadline, or hears of the other's end.
                let error = try #require(children[1].reported.first, "\(children[1].output)\(children[1].errors)")
                #expect([.deadlineExceeded, .rankLost].contains(error.code), "\(error)")
                #expect(children[1].status == 0 && children[1].wrong.isEmpty)
            }
        }
    }
}
