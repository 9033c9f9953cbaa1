import Foundation
import MixCollectives
import Testing

extension CollectiveTests {
    /// Processes that call different things. Every rank is told, whatever it called, and the odd one is named.
    @Suite struct Disagreement {
        struct Case: Sendable, CustomTestStringConvertible {
            let name: String
            let most: [String]
            let odd: [String]
            /// The operations that an error may name.
            let operations: Set<String>
            var testDescription: String { name }
        }

        static let cases = [
            Case(name: "count", most: ["sum:10"], odd: ["sum:11"], operations: ["all-reduce"]),
            Case(name: "large count", most: ["sum:50000"], odd: ["sum:50001"], operations: ["all-reduce"]),
            Case(
                name: "large count in shared memory", most: ["sum:50000:shared"], odd: ["sum:50001:shared"],
                operations: ["all-reduce"]),
            Case(name: "none and some", most: ["sum:0"], odd: ["sum:1"], operations: ["all-reduce"]),
            Case(name: "small and large", most: ["sum:10"], odd: ["sum:100000"], operations: ["all-reduce"]),
            Case(name: "type", most: ["sum:10"], odd: ["integers:10"], operations: ["all-reduce"]),
            Case(name: "reduction", most: ["sum:10"], odd: ["maximum:10"], operations: ["all-reduce"]),
            Case(name: "operation", most: ["sum:10"], odd: ["barrier"], operations: ["all-reduce", "barrier"]),
            Case(name: "root", most: ["broadcast:10:0"], odd: ["broadcast:10:1"], operations: ["broadcast"]),
            Case(
                name: "algorithm", most: ["algorithm:all-reduce:ring", "sum:10"],
                odd: ["algorithm:all-reduce:double-tree", "sum:10"], operations: ["all-reduce"]),
            Case(
                name: "forced and not", most: ["sum:10"], odd: ["algorithm:all-reduce:ring", "sum:10"],
                operations: ["all-reduce"]),
        ]

        @Test(arguments: [2, 3, 4], cases)
        func isFound(ranks: Int, one: Case) throws {
            try leavingNothing {
                let job = try startRanks(ranks) { ["barrier"] + ($0 == ranks - 1 ? one.odd : one.most) + ["barrier"] }
                let children = try job.finish()
                // With two ranks neither is the odd one.
                children.expectErrors(
                    .mismatch, rank: ranks == 2 ? [0, 1] : [ranks - 1], operation: one.operations, sequence: [2])
                for child in children {
                    #expect(child.reported.allSatisfy { $0.milliseconds < 5000 }, "\(child.output)")
                }
            }
        }

        /// A refusal on one rank alone: the others wait for it in vain, and are told for whom.
        @Test func argumentsOfOneRank() throws {
            try leavingNothing {
                let job = try startRanks(3, timeout: 1) { rank in
                    rank == 1 ? ["broadcast:10:7", "stay"] : ["broadcast:10:1"]
                }
                try job.wait("both others to give up") { children in
                    children.indices.allSatisfy { !children[$0].reported.isEmpty }
                }
                job.signal(SIGKILL, child: 1)
                let children = try job.finish()
                [children[0], children[2]].expectErrors(
                    .deadlineExceeded, rank: [1], operation: ["broadcast"], sequence: [1])
                let own = try #require(children[1].reported.first)
                #expect(own.code == .invalidArgument && own.rank == 1 && own.operation == "broadcast")
            }
        }
    }
}
