import Foundation
@testable import MixCollectives
import MixSchedule
import Testing

extension CollectiveTests {
    /// Operations between nodes go as the tuning says, and are right whatever it says.
    @Suite struct Tunings {
        private static func way(
            _ operation: MixSchedule.Operation, _ bytes: Int, _ nodes: Int, _ lanes: Int, verbs: Bool = false
        ) -> Communicator.Way {
            Tuning().way(of: operation, bytes: bytes, nodes: nodes, ranksPerNode: lanes, overVerbs: verbs)
        }

        /// The library's own choices, which are measured: Documentation/Performance.md.
        @Test func untuned() {
            func limits(_ operation: MixSchedule.Operation, _ bytes: Int, _ nodes: Int, _ lanes: Int) -> [Communicator
                .Way]
            {
                [bytes, bytes + 1].map { Self.way(operation, $0, nodes, lanes) }
            }
            let ring = Communicator.Way.schedule("hierarchical", pieces: 1)
            #expect(limits(.allReduce, 256 << 10, 2, 1) == [.messages(inParts: false), ring])
            #expect(limits(.allReduce, 2 << 10, 2, 2) == [.messages(inParts: false), .messages(inParts: true)])
            #expect(limits(.allReduce, 64 << 10, 2, 2) == [.messages(inParts: true), ring])
            #expect(limits(.allReduce, 16 << 10, 3, 2) == [.messages(inParts: true), ring])
            #expect(limits(.allToAll, 16 << 10, 2, 2) == [.messages(inParts: false), ring])
            #expect(limits(.allToAll, 32 << 10, 2, 1) == [.messages(inParts: false), ring])
            #expect(Self.way(.allReduce, 4 << 20, 2, 2) == .schedule("hierarchical", pieces: 4))
            #expect(Self.way(.allReduce, 1 << 30, 2, 2) == .schedule("hierarchical", pieces: 64))
            #expect(Self.way(.allReduce, 16 << 20, 2, 2, verbs: true) == .schedule("hierarchical", pieces: 2))
            #expect(Self.way(.allGather, 1 << 20, 2, 2) == .schedule("hierarchical", pieces: 4))
            #expect(Self.way(.broadcast, 1 << 20, 2, 2) == .schedule("tree", pieces: 1))
        }

        /// As many messages and bytes leave a rank as the way says that it is told to go.
        @Test(arguments: [(2, 2), (4, 2), (3, 3), (4, 4)])
        func thePathIsTheWay(ranks: Int, nodes: Int) async throws {
            let tunings = [
                Tuning(), Tuning(allReduceMessageBytes: 0, allToAllMessageBytes: 0, pieceBytes: 4096),
                Tuning(allReduceMessageBytes: .max, allReduceWholeBytes: .max, allToAllMessageBytes: .max),
                Tuning(allReduceMessageBytes: 100_000, allReduceWholeBytes: 0, allToAllMessageBytes: 100_000),
                Tuning(allReduceMessageBytes: 3000, allToAllMessageBytes: 3000, algorithms: [.allToAll: "pairwise"]),
                Tuning(
                    allReduceMessageBytes: 3000, pieceBytes: 1 << 30,
                    algorithms: [.allReduce: "ring", .allGather: "ring"]),
            ]
            for tuning in tunings {
                let results = try await withWorld(ranks, nodes: nodes, tuning: tuning) { world in
                    try world.barrier()
                    for operation in Tuning.tunedOperations {
                        for count in [12 * 16, 12 * 200, 12 * 1600, 12 * 5000, 12 * 24_000] {
                            let block = operation == .allReduce ? count : count / ranks
                            let way = tuning.way(
                                of: operation, bytes: 4 * block, nodes: nodes, ranksPerNode: ranks / nodes)
                            guard world.way(of: operation, count: block, type: .int32) == way else {
                                throw Wrong("not \(way)")
                            }
                            try Self.hold(operation, count, world)
                        }
                    }
                    // What the caller forces comes first.
                    try world.use(algorithm: "ring", for: .allReduce)
                    guard world.way(of: .allReduce, count: 1, type: .int32) == .schedule("ring", pieces: 1) else {
                        throw Wrong("not forced")
                    }
                    try Self.hold(.allReduce, 12 * 16, world)
                }
                succeeding(results, "\(tuning)")
            }
        }

        /// `count`: elements of the larger of a rank's buffers.
        private static func hold(_ operation: MixSchedule.Operation, _ count: Int, _ world: Communicator) throws {
            let topology = world.grid
            let (node, lanes) = (topology.node(of: world.rank), topology.ranksPerNode!)
            let block = operation == .allReduce ? count : count / world.size
            let way = world.way(of: operation, count: block, type: .int32)
            let before = world.counters
            try run(operation, count, world)
            let counters = world.counters - before

            let messages: Int
            var bytes = counters.bytesSent
            switch way {
            case .exchange: throw Wrong("an exchange between nodes")
            case .messages(let inParts):
                messages = topology.nodeCount - 1
                bytes = UInt64(
                    messages * (operation == .allReduce ? (inParts ? count / lanes : count) : lanes * block) * 4)
            case .schedule(let name, let pieces):
                let algorithm = Algorithm.named(name, for: operation)!
                let schedule = algorithm.build(.init(rank: world.rank, topology: topology, pieces: pieces))
                messages = schedule.streams.flatMap(\.steps).count {
                    if case .send(_, let peer) = $0 { topology.node(of: peer) != node } else { false }
                }
            }
            guard counters.workRequests == messages, counters.bytesSent == bytes else {
                throw Wrong(
                    "\(operation.rawValue) of \(count) by \(way): \(counters), not \(messages) messages of \(bytes) bytes"
                )
            }
        }

        private static func run(_ operation: MixSchedule.Operation, _ count: Int, _ world: Communicator) throws {
            let input = (0..<count).map { Int32(truncatingIfNeeded: world.rank * 1000 + $0) }
            var output = [Int32](repeating: -1, count: count)
            let block = count / world.size
            switch operation {
            case .allReduce: try world.allReduce(input, into: &output)
            case .reduceScatter:
                var part = [Int32](repeating: -1, count: block)
                try world.reduceScatter(input, into: &part)
            case .allGather: try world.allGather(Array(input[..<block]), into: &output)
            default: try world.allToAll(input, into: &output)
            }
        }

        /// Thresholds of nothing, of one byte and of more than there is; pieces of a byte, of all, and what does not divide.
        static let extremes =
            [0, 1, 777, .max].map {
                Tuning(
                    allReduceMessageBytes: $0, allReduceWholeBytes: $0, allToAllMessageBytes: $0,
                    pieceBytes: Swift.max(1, $0))
            } + [
                Tuning(allReduceMessageBytes: .max, allReduceWholeBytes: 0, allToAllMessageBytes: 0, pieceBytes: 65),
                Tuning(
                    allReduceMessageBytes: 0, allToAllMessageBytes: 0, pieceBytes: 1,
                    algorithms: [
                        .allReduce: "hierarchical-ring", .reduceScatter: "ring", .allGather: "ring",
                        .allToAll: "pairwise",
                    ]),
                Tuning(allReduceMessageBytes: 1, algorithms: [.allReduce: "double-tree"]),
                Tuning(allReduceMessageBytes: 1, algorithms: [.allReduce: "halving-doubling"]),
            ]

        @Test(arguments: [(2, 2), (4, 2), (6, 3)], extremes)
        func everyOperation(shape: (ranks: Int, nodes: Int), tuning: Tuning) async throws {
            var cases: [CollectiveCase] = []
            for operation in CollectiveCase.operations {
                for inPlace in CollectiveCase.forms(of: operation) {
                    for count in [0, 1, 5, 300, 5000, 70_000] {
                        cases.append(
                            CollectiveCase(
                                operation: operation, type: cases.count % 5 == 0 ? .bfloat16 : .float32,
                                reduction: cases.count % 3 == 0 ? .max : .sum, count: count,
                                root: cases.count % shape.ranks, inPlace: inPlace,
                                placement: CollectiveCase.Placement.allCases[cases.count % 4], seed: cases.count % 3,
                                values: .exact))
                    }
                }
            }
            try await runAll(cases, ranks: shape.ranks, nodes: shape.nodes, tuning: tuning)
        }

        /// Whatever a world is split into goes by its tuning; nodes of different sizes by what goes there.
        @Test(arguments: extremes)
        func splits(tuning: Tuning) async throws {
            let results = try await withWorld(4, nodes: 2, tuning: tuning) { world in
                let groups = [
                    try world.split(.lane), try world.split(.node), try world.split(color: 0, key: -world.rank),
                    try world.split(color: world.rank / 3),
                ]
                for group in groups {
                    guard group.tuning == tuning else { throw Wrong("\(group.tuning)") }
                    for count in [1, 3000, 100_000] {
                        var sum = [Float](repeating: 1, count: count)
                        try group.allReduce(&sum)
                        guard sum.allSatisfy({ $0 == Float(group.size) }) else { throw Wrong("the sum is \(sum[0])") }
                        var all = [Int32](repeating: -1, count: group.size * count)
                        try group.allToAll([Int32](repeating: Int32(group.rank), count: all.count), into: &all)
                        guard all.indices.allSatisfy({ all[$0] == Int32($0 / count) }) else {
                            throw Wrong("all-to-all")
                        }
                    }
                }
            }
            succeeding(results)
        }
    }

    /// `MIX_TUNING` with real processes, of one node and of two.
    @Suite struct TuningWishes {
        /// One text for each rank; nil: no file is named, "-": one that is not there.
        private func job(_ texts: [String?], nodes: Int, _ steps: [String] = ["check"]) throws -> [ChildProcesses.Child]
        {
            let folder = try TemporaryFolder()
            let rendezvous = nodes > 1 ? "file://\(folder.path)/rendezvous" : newRendezvous()
            return try ChildProcesses.run(
                texts.enumerated().map { rank, text in
                    var command = ChildProcesses.Command.rank(
                        rank, of: texts.count, at: rendezvous,
                        node: nodes > 1 ? "node-\(rank * nodes / texts.count)" : "", ["join"] + steps)
                    guard let text else { return command }
                    let path = "\(folder.path)/tuning\(rank)"
                    if text != "-" { try Data(text.utf8).write(to: URL(filePath: path)) }
                    command.environment["MIX_TUNING"] = path
                    return command
                })
        }

        @Test(arguments: [1, 2])
        func ranksThatAgree(nodes: Int) throws {
            let texts = ["piece 4096\nall-reduce.whole 0", "# by another\nall-reduce.whole 0\npiece 4096 # order"]
            try job([texts[0], texts[1], texts[1], texts[0]], nodes: nodes, ["check", "splits"]).expectSuccess()
            // A file that chooses nothing is as good as none.
            try job(["# nothing", nil], nodes: nodes).expectSuccess()
        }

        static let disagreements: [(odd: String?, others: String?, words: [String])] = [
            ("piece 4096", "piece 8192", ["rank 0", "piece 8192", "to piece 4096", "MIX_TUNING"]),
            (nil, "all-reduce.messages 0", ["all-reduce.messages 0, rank 2 to what the library chooses"]),
            (
                "all-to-all.algorithm pairwise", nil,
                ["tuned to what the library chooses, rank 2 to all-to-all.algorithm"]
            ),
            ("-", "piece 5", ["rank 2 has no tuning", "tuning2", "No such file"]),
            (
                "piece 5\nrubbish", "piece 5",
                ["rank 2 has no tuning", "line 2", "\"rubbish\" is not a name and a value"]
            ),
        ]

        @Test(arguments: [1, 3], disagreements)
        func ranksThatDisagree(nodes: Int, one: (odd: String?, others: String?, words: [String])) throws {
            let children = try job([one.others, one.others, one.odd], nodes: nodes)
            children.expectErrors(.invalidJob, rank: [2], operation: ["-"], sequence: [0])
            for child in children {
                for word in one.words { #expect(child.output.contains(word), "\(child.output)") }
                #expect(child.reported.allSatisfy { $0.milliseconds < 5000 }, "\(child.output)")
            }
        }

        @Test func aWorldOfOne() throws {
            let children = try job(["piece none"], nodes: 1)
            children.expectErrors(.invalidJob, rank: [0], operation: ["-"], sequence: [0])
            #expect(children[0].output.contains("line 1: piece is a whole number"), "\(children[0].output)")
        }
    }
}
