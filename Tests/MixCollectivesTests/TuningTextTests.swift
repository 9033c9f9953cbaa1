import Foundation
@testable import MixCollectives
import MixSchedule
import Testing

extension CollectiveTests {
    /// The file that says how operations between nodes go.
    @Suite struct TuningTexts {
        private static let whole = """
            # a comment
            all-reduce.messages 65536     # another
            all-reduce.whole\t 0

              all-to-all.messages 9223372036854775807
            piece 1
            all-reduce.algorithm halving-doubling
            reduce-scatter.algorithm ring
            all-gather.algorithm hierarchical
            all-to-all.algorithm pairwise
            """

        @Test func everyName() throws {
            let tuning = try Tuning(text: Self.whole)
            #expect(
                tuning
                    == Tuning(
                        allReduceMessageBytes: 65536, allReduceWholeBytes: 0, allToAllMessageBytes: .max, pieceBytes: 1,
                        algorithms: [
                            .allReduce: "halving-doubling", .reduceScatter: "ring", .allGather: "hierarchical",
                            .allToAll: "pairwise",
                        ]))
            #expect(try Tuning(text: tuning.text) == tuning)
            for empty in ["", "\n", "  # nothing\n\n", "\t"] { #expect(try Tuning(text: empty) == Tuning()) }
            #expect(Tuning().text == "")
        }

        /// What two ranks compare at the rendezvous.
        @Test func equalTuningsHaveEqualTexts() throws {
            var generator = Generator(seed: UInt64.random(in: 0 ... .max))
            for _ in 0..<2000 {
                let tuning = Self.random(&generator)
                #expect(try Tuning(text: tuning.text) == tuning)
                #expect(TuningWish(text: tuning.text) == .tuning(tuning))
                // With room to spare in both rendezvous.
                #expect(tuning.text.utf8.count < 350)
                let turned = tuning.text.split(separator: "\n").shuffled(using: &generator).joined(separator: "\n")
                #expect(try Tuning(text: turned).text == tuning.text)
            }
        }

        private static func random(_ generator: inout Generator) -> Tuning {
            func bytes(_ least: Int) -> Int? {
                generator.pick([nil, least, least + generator.below(1 << 20), Int.max])
            }
            var tuning = Tuning(
                allReduceMessageBytes: bytes(0), allReduceWholeBytes: bytes(0), allToAllMessageBytes: bytes(0),
                pieceBytes: bytes(1))
            for operation in Tuning.tunedOperations where generator.below(2) == 0 {
                tuning.algorithms[operation] = generator.pick(Tuning.algorithms(for: operation))
            }
            return tuning
        }

        @Test(arguments: [
            ("piece 262144\npiece", 2, "\"piece\" is not a name and a value"),
            ("piece 1 2", 1, "not a name and a value"),
            ("\n\npieces 5", 3, "there is no \"pieces\"; there are all-reduce.messages"),
            ("piece 0", 1, "1 or more, and not \"0\""),
            ("piece -1", 1, "a whole number of bytes, 1 or more, and not \"-1\""),
            ("piece +1", 1, "and not \"+1\""),
            ("piece 64K", 1, "and not \"64K\""),
            ("piece 9223372036854775808", 1, "whole number"),
            ("piece ١", 1, "whole number"),
            ("piece 1\r\n", 1, "whole number"),
            ("all-reduce.whole 1e3", 1, "0 or more"),
            ("piece 5\n# piece 6\npiece 5", 3, "piece is in line 1 already"),
            ("all-reduce.algorithm direct", 1, "one of ring, double-tree, halving-doubling, hierarchical"),
            ("all-to-all.algorithm ring", 1, "one of pairwise, hierarchical"),
            ("broadcast.algorithm tree", 1, "there is no"),
            ("\u{0}", 1, "not a name and a value"),
            (String(repeating: "x", count: 1000) + " 1", 1, "xxx…"),
        ])
        func whatIsWrong(text: String, line: Int, message: String) throws {
            let error = try #require(throws: TuningError.self) { try Tuning(text: text, file: "/a/b") }
            #expect(error.line == line && error.file == "/a/b", "\(error)")
            #expect("\(error)".hasPrefix("/a/b, line \(line): ") && error.message.contains(message), "\(error)")
            #expect(error.message.count < 250)
        }

        @Test func files() throws {
            let folder = try TemporaryFolder()
            func failing(_ path: String, _ message: String) throws {
                let error = try #require(throws: TuningError.self) { try Tuning(contentsOf: path) }
                #expect(error.file == path && error.line == nil && error.message.contains(message), "\(error)")
            }
            let path = folder.path + "/tuning"
            try failing(path, "No such file")
            try failing(folder.path, "directory")
            try Data(Self.whole.utf8).write(to: URL(filePath: path))
            #expect(try Tuning(contentsOf: path) == Tuning(text: Self.whole))
            try Data().write(to: URL(filePath: path))
            #expect(try Tuning(contentsOf: path) == Tuning())
            try Data(repeating: 35, count: 65537).write(to: URL(filePath: path))
            try failing(path, "65537 bytes")
        }

        /// What embedders give is checked as what files say.
        @Test func whatEmbeddersGive() throws {
            for wrong in [
                Tuning(pieceBytes: 0), Tuning(allReduceWholeBytes: -1), Tuning(algorithms: [.allReduce: "direct"]),
                Tuning(algorithms: [.broadcast: "tree"]), Tuning(algorithms: [.allGather: "ring\npiece 5"]),
            ] {
                let error = try thrown(.invalidJob) { () throws(CollectiveError) in
                    _ = try Communicator.inProcess(ranks: 2, nodes: 2, tuning: wrong)
                }
                #expect(error.rank == 0 && error.message.contains("Job.tuning"), "\(error)")
                let alone = Job(rank: 0, worldSize: 1, rendezvous: "alone", tuning: wrong)
                try thrown(.invalidJob) { () throws(CollectiveError) in _ = try Communicator.join(alone) }
            }
        }

        /// Damaged files are refused with their line, or are a tuning whose text gives it again.
        @Test func damaged() throws {
            let seed = UInt64.random(in: 0..<1 << 32)
            var generator = Generator(seed: seed)
            let original = Array(Self.whole.utf8)
            let pieces = ["piece", " ", "\n", "0", "9", "#", "all-", ".algorithm ring", "\r", "\u{301}", "-", "\t"].map
            { Array($0.utf8) }
            var accepted = 0
            for round in 0..<20_000 {
                var bytes = generator.below(4) == 0 ? Array(Self.random(&generator).text.utf8) : original
                for _ in 0...generator.below(4) {
                    let at = generator.below(bytes.count + 1)
                    switch generator.below(4) {
                    case 0: bytes.insert(contentsOf: generator.pick(pieces), at: at)
                    case 1: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: at)
                    case 2: bytes.removeSubrange(at..<min(bytes.count, at + generator.below(9)))
                    default: if at < bytes.count { bytes[at] = UInt8(truncatingIfNeeded: generator.next()) }
                    }
                }
                do throws(TuningError) {
                    let tuning = try Tuning(text: String(decoding: bytes, as: UTF8.self))
                    accepted += 1
                    #expect((try? Tuning(text: tuning.text)) == tuning, "seed \(seed), round \(round): \(bytes)")
                } catch {
                    let lines = bytes.count { $0 == 10 } + 1
                    #expect((1...lines).contains(error.line ?? 0), "seed \(seed), round \(round): \(error)")
                }
            }
            // Were all refused at once, nothing behind the first check would have been tried.
            #expect((500..<19_000).contains(accepted), "seed \(seed)")
        }
    }
}
