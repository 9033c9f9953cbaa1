import Foundation
import MixCollectives
import Testing

extension CollectiveTests {
    /// A child forked from a rank, which has the communicator but must not use it.
    @Suite struct Forking {
        @Test func theChildIsRefusedAndTheParentGoesOn() throws {
            try leavingNothing {
                let uses = [
                    "sum:10", "sum:100000:shared", "barrier", "send:1:0", "receive:1:0", "allocate:100000", "split:0:0",
                    "close",
                ]
                let children = try startRanks(2) { rank in
                    rank == 1 ? ["sum:5", "fork"] + uses + ["end", "check"] : ["sum:5", "fork", "end", "check"]
                }.finish()
                #expect(children[0].reported.isEmpty && children[0].wrong.isEmpty, "\(children[0].output)")
                #expect(children.allSatisfy { $0.status == 0 && $0.lines.contains { $0.hasPrefix("checked") } })
                let refusals = children[1].reported
                #expect(refusals.count == uses.count - 1, "\(children[1].output)")
                for error in refusals {
                    #expect(error.code == .forked && error.rank == 1 && error.host == Host.name, "\(error)")
                }
                #expect(children[1].wrong.isEmpty, "\(children[1].output)")
            }
        }

        /// The child has every file of its parent's, but not its mark of life.
        @Test func theParentsDeathIsNoticedThoughTheChildLives() throws {
            try leavingNothing {
                let job = try startRanks(2) { rank in
                    rank == 1 ? ["fork", "stay", "end", "say:here", "stay"] : ["fork", "end", "say:here", "barrier"]
                }
                try job.wait("both to come to the end") { $0.allSatisfy { $0.lines.contains("here") } }
                let line = try #require(job.children[1].lines.first { $0.hasPrefix("child process=") })
                let child = try #require(pid_t(line.dropFirst("child process=".count)))
                defer { kill(child, SIGKILL) }
                job.signal(SIGKILL, child: 1)
                try job.wait("the other to notice") { $0[0].status != nil }
                [job.children[0]].expectErrors(.rankLost, rank: [1], operation: ["barrier"], sequence: [2])
                #expect(job.children[0].reported[0].milliseconds < 2500)
                #expect(kill(child, 0) == 0)
            }
        }
    }
}
