import Foundation
import MixCollectives
import Testing

extension CollectiveTests {
    /// Processes on hosts that share nothing but a cable, and the cable's fate. Needs root, which CI has.
    @Suite(
        .enabled(
            if: LaunchersTests.isCI || Hosts.canBeMade, "no network namespaces can be made here: run the tests as root")
    )
    struct HostsTests {
        @Test(arguments: ["10.88.0.1", "[fd88:0::1]"], [2, 4])
        func everything(address: String, ranks: Int) throws {
            try leavingNothing {
                let hosts = try Hosts()
                let children = try hosts.startRanks(ranks, at: "tcp://\(address):29400", ["check"]).finish()
                children.expectSuccess()
                #expect(children.allSatisfy { $0.lines.contains { $0.hasPrefix("checked") } })
            }
        }

        /// Links go over the other cable, and live when the one of the rendezvous is gone.
        @Test(arguments: ["eth1", "10.88.1.", "fd88:1:"]) func interface(wish: String) throws {
            try leavingNothing {
                let hosts = try Hosts(cables: 2)
                let job = try hosts.startRanks(
                    2, timeout: 3, environment: ["MIX_INTERFACE": wish], ["times:1500:sum:100"])
                try job.wait("all to be inside") { $0.allSatisfy { $0.lines.contains("inside") } }
                try hosts.pull()
                #expect(job.children.allSatisfy { !$0.lines.contains("done") })
                try job.finish().expectSuccess()
            }
        }

        @Test func unknownInterface() throws {
            let hosts = try Hosts(cables: 2)
            let children = try hosts.startRanks(2, environment: ["MIX_INTERFACE": "ib0"], []).finish()
            for (child, host) in zip(children, 1...) {
                let error = try #require(child.reported.first)
                #expect(error.code == .invalidJob, "\(error)")
                for word in ["MIX_INTERFACE=ib0", "eth0 (10.88.0.\(host))", "eth1 (10.88.1.\(host))", "lo (127.0.0.1)"]
                {
                    #expect(error.description.contains(word), "\(error)")
                }
            }
        }

        @Test(arguments: [2, 4], ["forever:sum:10", "churn:1000000"])
        func pulledCable(ranks: Int, step: String) throws {
            try leavingNothing {
                let hosts = try Hosts()
                let job = try hosts.startRanks(ranks, timeout: 2, [step])
                try job.wait("all to be inside") { $0.allSatisfy { $0.lines.contains("inside") } }
                try hosts.pull()
                let pulled = ContinuousClock.now
                let children = try job.finish()
                // The operation's deadline, and time to notice on a machine that is busy.
                #expect(ContinuousClock.now - pulled < .seconds(6))
                for (rank, child) in children.enumerated() {
                    let said = Comment(rawValue: "rank \(rank): \(child.output)\(child.errors)")
                    #expect(child.status == 0 && child.wrong.isEmpty && !child.reported.isEmpty, said)
                    for error in child.reported {
                        // A rank of the other host, or a mate that waits for one itself.
                        let host = error.rank * 2 / ranks
                        #expect([.deadlineExceeded, .rankLost].contains(error.code), said)
                        #expect(error.rank >= 0 && host != rank * 2 / ranks, said)
                        #expect(error.host == Hosts.names[max(0, host)] && error.operation == "all-reduce", said)
                    }
                }
            }
        }

        @Test func cableBackBeforeTheDeadline() throws {
            try leavingNothing {
                let hosts = try Hosts()
                let job = try hosts.startRanks(2, ["times:60:integers:100000"])
                try job.wait("all to be inside") { $0.allSatisfy { $0.lines.contains("inside") } }
                try hosts.pull()
                #expect(job.children.allSatisfy { $0.status == nil && !$0.lines.contains("done") })
                try hosts.plugIn()
                try job.finish().expectSuccess()
            }
        }
    }
}
