import Foundation
import MixCollectives
import Testing

extension CollectiveTests {
    /// Ranks that are killed, stopped, or end without a word.
    @Suite struct Deaths {
        /// One second is the promise; on a machine that is busy with something else the rest is its due.
        private static let noticed: Duration = .milliseconds(2500)

        /// Kills a rank when the job has come to a point, and checks what the others say, and when.
        private func kill(
            _ victims: Set<Int>, of ranks: Int, nodes: Int = 1, operation: Set<String>, sequence: Set<Int>? = nil,
            when: (what: String, ready: ([ChildProcesses.Child]) -> Bool), _ steps: (Int) -> [String]
        ) throws {
            try leavingNothing {
                let folder = try TemporaryFolder()
                defer { withExtendedLifetime(folder) {} }
                let rendezvous = nodes == 1 ? newRendezvous() : "file://\(folder.path)/rendezvous"
                let job = try startRanks(ranks, nodes: nodes, at: rendezvous, steps)
                try job.wait(when.what, until: when.ready)
                let killed = ContinuousClock.now
                for victim in victims { job.signal(SIGKILL, child: victim) }
                let children = try job.finish()
                let took = ContinuousClock.now - killed
                #expect(took < Self.noticed, "\(took)")
                let survivors = children.indices.filter { !victims.contains($0) }.map { children[$0] }
                let numbers = sequence ?? Set(survivors.flatMap(\.reported).map(\.sequence))
                // In a loop one may have been an operation ahead.
                #expect(!numbers.isEmpty && numbers.min()! > 0 && numbers.max()! - numbers.min()! <= 1, "\(numbers)")
                survivors.expectErrors(.rankLost, rank: victims, operation: operation, sequence: numbers)
            }
        }

        private static func said(_ word: String) -> (String, ([ChildProcesses.Child]) -> Bool) {
            ("all to say \(word)", { $0.allSatisfy { $0.lines.contains(word) } })
        }

        @Test(arguments: [
            "sum:10", "sum:3000", "sum:200000", "sum:200000:shared", "barrier", "broadcast:100:2", "broadcast:30000:0",
        ])
        func insideALoop(operation: String) throws {
            let names = ["sum": "all-reduce", "barrier": "barrier", "broadcast": "broadcast"]
            let name = try #require(names[String(operation.prefix { $0 != ":" })])
            try kill([1], of: 3, operation: [name], when: Self.said("inside")) { _ in ["forever:" + operation] }
        }

        @Test(
            arguments: ["ring", "double-tree", "halving-doubling", "hierarchical-ring", "direct", "hierarchical"],
            [2, 4])
        func insideAnAlgorithm(algorithm: String, ranks: Int) throws {
            try kill([ranks - 1], of: ranks, operation: ["all-reduce"], when: Self.said("inside")) { _ in
                ["algorithm:all-reduce:" + algorithm, "churn:4000000"]
            }
        }

        @Test(arguments: ["forever:sum:10", "forever:sum:70000:shared", "forever:barrier", "churn:1000000"])
        func onAnotherNode(step: String) throws {
            let name = step.contains("barrier") ? "barrier" : "all-reduce"
            try kill([3], of: 4, nodes: 2, operation: [name], when: Self.said("inside")) { _ in [step] }
        }

        /// A rank that dispatched rows and is gone before they come back.
        @Test(arguments: [(1, 3), (2, 4)])
        func betweenDispatchAndCombine(nodes: Int, ranks: Int) throws {
            try kill(
                [ranks - 1], of: ranks, nodes: nodes, operation: ["fused-combine"], when: Self.said("dispatched")
            ) { rank in
                ["dispatch:500", "say:dispatched"] + (rank == ranks - 1 ? ["stay"] : ["combine:500"])
            }
        }

        /// So that nothing can be left: what has no name goes with the last who has it.
        @Test func ranksHoldNothingWithAName() throws {
            try leavingNothing {
                let rendezvous = newRendezvous()
                let job = try startRanks(3, at: rendezvous) { _ in ["check", "say:here", "stay"] }
                try job.wait("all to be there") { $0.allSatisfy { $0.lines.contains("here") } }
                for child in job.children {
                    let held = try Leftovers.held(by: child.process)
                    #expect(held.allSatisfy { $0 == "/memfd:mixserve-heap (deleted)" }, "\(held)")
                    // One open and mapped per rank; the mappings count once.
                    #expect(held.count == 3 + 1, "\(held)")
                }
                #expect(try !Leftovers.sockets().contains { $0.contains(rendezvous) })
                for index in job.children.indices { job.signal(SIGKILL, child: index) }
                _ = try job.finish()
            }
        }

        @Test func theFirstRank() throws {
            try kill([0], of: 4, operation: ["all-reduce"], when: Self.said("inside")) { _ in ["forever:sum:100"] }
        }

        @Test func twoAtOnce() throws {
            try kill([1, 2], of: 4, operation: ["all-reduce"], when: Self.said("inside")) { _ in ["forever:sum:50000"] }
        }

        @Test func beforeTheFirstOperation() throws {
            try kill(
                [1], of: 3, operation: ["barrier"], sequence: [1], when: Self.said("here")
            ) { $0 == 1 ? ["say:here", "stay"] : ["say:here", "barrier"] }
        }

        @Test func betweenOperations() throws {
            try kill(
                [2], of: 3, operation: ["all-reduce"], sequence: [3], when: Self.said("here")
            ) { ["sum:10", "sum:70000:shared", "say:here"] + ($0 == 2 ? ["stay"] : ["sum:10"]) }
        }

        /// Only its own group waits for it, which knows it under another number.
        @Test func insideASplit() throws {
            try leavingNothing {
                let job = try startRanks(4) {
                    $0 < 2 ? ["split:0:0", "sum:100", "say:inside"] : ["split:1:0", "forever:sum:1000"]
                }
                try job.wait("all to be inside") { $0.allSatisfy { $0.lines.contains("inside") } }
                job.signal(SIGKILL, child: 3)
                let children = try job.finish()
                Array(children[..<2]).expectSuccess()
                [children[2]].expectErrors(
                    .rankLost, rank: [1], operation: ["all-reduce"], sequence: Set(children[2].reported.map(\.sequence))
                )
            }
        }

        @Test func whileAMessageIsAwaited() throws {
            try kill(
                [0], of: 2, operation: ["send-receive"], sequence: [1], when: Self.said("here")
            ) { $0 == 0 ? ["say:here", "stay"] : ["say:here", "receive:10:0"] }
        }

        @Test func whileAMessageIsTaken() throws {
            try kill(
                [1], of: 2, operation: ["send-receive"], sequence: [1], when: Self.said("here")
            ) { $0 == 1 ? ["say:here", "stay"] : ["say:here", "send:100000:1"] }
        }

        /// Nobody killed it: its program was over, and it never closed its communicator.
        @Test func endingWithoutAWord() throws {
            try leavingNothing {
                let children = try startRanks(3) { $0 == 1 ? ["sum:10", "exit:0"] : ["sum:10", "sum:10"] }.finish()
                [children[0], children[2]].expectErrors(.rankLost, rank: [1], operation: ["all-reduce"], sequence: [2])
                #expect(children[1].status == 0)
            }
        }

        @Test func stoppedAndContinued() throws {
            try leavingNothing {
                let job = try startRanks(3, timeout: 1.5) { _ in ["forever:sum:1000"] }
                try job.wait("all to be inside") { $0.allSatisfy { $0.lines.contains("inside") } }
                let stopped = ContinuousClock.now
                job.signal(SIGSTOP, child: 2)
                try job.wait("the others to give up") { $0[0].status != nil && $0[1].status != nil }
                let took = ContinuousClock.now - stopped
                #expect(took > .seconds(1) && took < .seconds(5), "\(took)")
                // The late one is told as well, at once.
                job.signal(SIGCONT, child: 2)
                try job.finish().expectErrors(
                    .deadlineExceeded, rank: [2], operation: ["all-reduce"],
                    sequence: Set(job.children[0].reported.map(\.sequence)))
            }
        }

        /// It joined and goes its own way.
        @Test func neverCalling() throws {
            try leavingNothing {
                let job = try startRanks(3, timeout: 1) { $0 == 1 ? ["stay"] : ["barrier"] }
                try job.wait("the others to give up") { $0[0].status != nil && $0[2].status != nil }
                job.signal(SIGKILL, child: 1)
                let children = try job.finish()
                [children[0], children[2]].expectErrors(
                    .deadlineExceeded, rank: [1], operation: ["barrier"], sequence: [1])
                #expect(children[0].reported[0].milliseconds < 3000)
            }
        }
    }
}
