import Foundation
import MixCollectives
import Testing

extension CollectiveTests {
    /// Jobs that can't come together, and strangers at the place where they meet.
    @Suite struct LocalRendezvous {
        @Test(arguments: [1, 2, 3])
        func aRankThatNeverComes(missing: Int) throws {
            try leavingNothing {
                let rendezvous = newRendezvous()
                let there = (0..<4).filter { $0 != missing }
                let children = try ChildProcesses.run(
                    there.map { .rank($0, of: 4, at: rendezvous, timeout: 1, ["join"]) }, limit: .seconds(20))
                for child in children {
                    let error = try #require(child.reported.first, "\(child.output)\(child.errors)")
                    #expect(error.code == .deadlineExceeded && error.rank == missing, "\(error)")
                    #expect(error.description.contains(rendezvous), "\(error)")
                    #expect(error.milliseconds >= 900 && error.milliseconds < 5000, "\(error)")
                }
            }
        }

        @Test func noFirstRank() throws {
            try leavingNothing {
                let rendezvous = newRendezvous()
                let children = try ChildProcesses.run(
                    (1..<3).map { .rank($0, of: 3, at: rendezvous, timeout: 1, ["join"]) }, limit: .seconds(20))
                for child in children {
                    let error = try #require(child.reported.first)
                    #expect(error.code == .deadlineExceeded && error.rank == 0, "\(error)")
                }
            }
        }

        @Test func severalThatNeverCome() throws {
            try leavingNothing {
                let children = try ChildProcesses.run(
                    [.rank(0, of: 6, at: newRendezvous(), timeout: 1, ["join"])], limit: .seconds(20))
                let error = try #require(children[0].reported.first)
                #expect(error.code == .deadlineExceeded && error.rank == 1, "\(error)")
                #expect(error.description.contains("1, 2, 3, 4, 5"), "\(error)")
            }
        }

        @Test func sizesThatDiffer() throws {
            try leavingNothing {
                let rendezvous = newRendezvous()
                let children = try ChildProcesses.run([
                    .rank(0, of: 3, at: rendezvous, timeout: 2, ["join"]),
                    .rank(1, of: 3, at: rendezvous, timeout: 2, ["join"]),
                    .rank(2, of: 4, at: rendezvous, timeout: 2, ["join"]),
                ])
                // Rank 1 may come after rank 0 has given up, and then finds nobody.
                for (index, child) in children.enumerated() {
                    let error = try #require(child.reported.first, "\(child.output)")
                    guard error.code != .deadlineExceeded || index != 1 else { continue }
                    #expect(error.code == .invalidJob && error.rank == 2 && error.host == Host.name, "\(error)")
                    #expect(error.description.contains("4 ranks") && error.description.contains("says 3"), "\(error)")
                }
            }
        }

        @Test func twoOfOneRank() throws {
            try leavingNothing {
                let rendezvous = newRendezvous()
                let children = try ChildProcesses.run([
                    .rank(0, of: 3, at: rendezvous, timeout: 5, ["join"]),
                    .rank(1, of: 3, at: rendezvous, timeout: 5, ["join"]),
                    .rank(1, of: 3, at: rendezvous, timeout: 5, ["join"]),
                ])
                for child in children {
                    let error = try #require(child.reported.first, "\(child.output)")
                    #expect(error.code == .invalidJob && error.rank == 1 && error.host == Host.name, "\(error)")
                    #expect(error.description.contains("two processes are rank 1"), "\(error)")
                }
            }
        }

        /// The second job is told at once; the first one never notices.
        @Test func twoJobsInOnePlace() throws {
            try leavingNothing {
                let rendezvous = newRendezvous()
                let first = try ChildProcesses([.rank(0, of: 2, at: rendezvous, ["join", "check"])])
                // Somebody listens as soon as a stranger gets through.
                _ = try #require(Stranger(at: rendezvous))
                let second = try ChildProcesses.run(.rank(0, of: 2, at: rendezvous, ["join"]))
                let error = try #require(second.reported.first)
                #expect(error.code == .rendezvousFailed && error.rank == 0 && error.host == Host.name, "\(error)")
                #expect(error.description.contains(rendezvous) && error.milliseconds < 5000, "\(error)")
                let late = try ChildProcesses.run(.rank(1, of: 2, at: rendezvous, ["join", "check"]))
                (try first.finish() + [late]).expectSuccess()
            }
        }

        /// However many, and whatever they say or don't: the job comes together in its usual time.
        @Test func strangers() throws {
            try leavingNothing {
                let rendezvous = newRendezvous()
                let job = try ChildProcesses([.rank(0, of: 3, at: rendezvous, timeout: 8, ["join", "check"])])
                var generator = Generator(seed: 3)
                var strangers: [Stranger] = []
                for length in [0, 1, 8, 100, 4096, 100_000, 0, 0, 0, 0, 0] {
                    let junk = (0..<length).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
                    strangers.append(try #require(Stranger(at: rendezvous, saying: junk)))
                }
                // One that knows the first words, and one that has already gone.
                strangers.append(try #require(Stranger(at: rendezvous, saying: Array("MXSERVE1".utf8))))
                strangers.append(
                    try #require(
                        Stranger(at: rendezvous, saying: Array("MXSERVE1".utf8) + [UInt8](repeating: 0xff, count: 5000))
                    ))
                _ = try #require(Stranger(at: rendezvous))
                let began = ContinuousClock.now
                let others = try ChildProcesses.run(
                    (1..<3).map { .rank($0, of: 3, at: rendezvous, timeout: 8, ["join", "check"]) })
                let took = ContinuousClock.now - began
                #expect(took < .seconds(4), "\(took)")
                (try job.finish() + others).expectSuccess()
                withExtendedLifetime(strangers) {}
            }
        }

        /// Whether it was seen or not before it died, it's the one that is named.
        @Test func aRankThatDiesWaiting() throws {
            try leavingNothing {
                let rendezvous = newRendezvous()
                let job = try ChildProcesses(
                    (0..<2).map { .rank($0, of: 3, at: rendezvous, timeout: 3, ["say:here", "join", "barrier"]) })
                try job.wait("both to come") { $0.allSatisfy { $0.lines.contains("here") } }
                job.signal(SIGKILL, child: 1)
                let last = try ChildProcesses.run(.rank(2, of: 3, at: rendezvous, timeout: 3, ["join", "barrier"]))
                for child in try [job.finish()[0], last] {
                    let error = try #require(child.reported.first, "\(child.output)")
                    #expect([.rankLost, .deadlineExceeded].contains(error.code) && error.rank == 1, "\(error)")
                }
            }
        }

        /// The first rank dies while the others wait for the last.
        @Test func theFirstRankDiesWaiting() throws {
            try leavingNothing {
                let rendezvous = newRendezvous()
                let first = try ChildProcesses([.rank(0, of: 3, at: rendezvous, timeout: 3, ["join"])])
                _ = try #require(Stranger(at: rendezvous))
                let second = try ChildProcesses([.rank(1, of: 3, at: rendezvous, timeout: 3, ["say:here", "join"])])
                try second.wait("it to come") { $0[0].lines.contains("here") }
                first.signal(SIGKILL)
                let error = try #require(try second.finish()[0].reported.first)
                #expect([.rendezvousFailed, .deadlineExceeded].contains(error.code) && error.rank == 0, "\(error)")
                _ = try first.finish()
            }
        }

        /// One job after the other in the same place, and after one that was killed.
        @Test func onePlaceAgainAndAgain() throws {
            try leavingNothing {
                let rendezvous = newRendezvous()
                for round in 0..<4 {
                    let job = try startRanks(2, at: rendezvous) { _ in
                        round % 2 == 0 ? ["check"] : ["say:here", "stay"]
                    }
                    if round % 2 == 1 {
                        try job.wait("both to be there") { $0.allSatisfy { $0.lines.contains("here") } }
                        for index in 0..<2 { job.signal(SIGKILL, child: index) }
                    }
                    let children = try job.finish()
                    if round % 2 == 0 { children.expectSuccess() }
                }
            }
        }

        @Test func namesOfAnyLength() throws {
            for length in [1, 90, 99, 100, 107, 108, 500] {
                let stem = newRendezvous() + "/"
                let name = stem + String(repeating: "ä", count: length)
                // Two that differ at the very end only.
                let jobs = try [name + "1", name + "2"].map { try startRanks(2, at: $0) { _ in ["check"] } }
                for job in jobs { try job.finish().expectSuccess() }
            }
        }
    }
}
