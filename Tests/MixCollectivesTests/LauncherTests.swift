import CMixSystem
import Foundation
import MixCollectives
import Testing

extension CollectiveTests {
    /// The launcher is tried through `MixTestRank launch`, because it starts its own program.
    @Suite struct LauncherTests {
        /// "a=1 b=2" as a dictionary.
        static func fields(_ line: String) -> [String: String] {
            Dictionary(
                line.split(separator: " ").compactMap { word in
                    word.firstIndex(of: "=").map { (String(word[..<$0]), String(word[word.index(after: $0)...])) }
                }, uniquingKeysWith: { first, _ in first })
        }

        private func launch(
            _ ranks: Int, nodes: Int = 1, grace: Double = 10, _ subcommand: String...
        ) -> ChildProcesses.Command {
            .init(
                executable: ChildProcesses.testRankPath,
                arguments: ["launch", "\(ranks)", "\(nodes)", "\(grace)"] + subcommand)
        }

        /// Starts ranks that stay, and waits until all are there: their process ids by rank.
        private func startStaying(
            _ command: ChildProcesses.Command, ranks: Int
        ) throws -> (family: ChildProcesses, processes: [Int: pid_t]) {
            let family = try ChildProcesses([command])
            try family.wait("\(ranks) ranks to say who they are") { $0[0].lines.count == ranks }
            var processes: [Int: pid_t] = [:]
            for line in family.children[0].lines.map(Self.fields) {
                let rank = try #require(Int(line["rank"] ?? ""))
                let process = try #require(pid_t(line["process"] ?? ""))
                processes[rank] = process
            }
            return (family, processes)
        }

        private func exists(_ process: pid_t) -> Bool { kill(process, 0) == 0 || errno != ESRCH }

        @Test(arguments: [1, 2, 7]) func ranksKnowTheirPlaces(ranks: Int) throws {
            let runs = try ChildProcesses.run([launch(ranks, "job"), launch(ranks, "job")])
            var meetings: Set<String> = []
            for run in runs {
                #expect(run.status == 0)
                let jobs = run.lines.map(Self.fields)
                #expect(jobs.compactMap { $0["rank"] }.sorted() == (0..<ranks).map(String.init))
                #expect(jobs.allSatisfy { $0["size"] == "\(ranks)" && $0["node"] == Host.name })
                let meeting = Set(jobs.compactMap { $0["rendezvous"] })
                #expect(meeting.count == 1, "all ranks of a job meet in one place")
                meetings.formUnion(meeting)
            }
            #expect(meetings.count == runs.count, "two launches have two meeting places")
        }

        @Test func nodesAreBlocksOfRanks() throws {
            let run = try ChildProcesses.run(launch(5, nodes: 2, "job"))
            let nodes = run.lines.map(Self.fields).sorted { $0["rank"]! < $1["rank"]! }.map { $0["node"]! }
            #expect(nodes == [0, 0, 0, 1, 1].map { "\(Host.name)/node-\($0)" })
        }

        @Test(arguments: [(0, 1), (-3, 1), (1 << 40, 1), (2, 3), (2, 0)]) func impossibleShapesAreErrors(
            ranks: Int, nodes: Int
        ) {
            let error = #expect(throws: CollectiveError.self) { try Launcher(ranks: ranks, nodes: nodes).run() }
            #expect(error?.code == .invalidArgument)
        }

        @Test func ranksGetAProcessorEachWhereThereAreEnough() throws {
            let enough = try ChildProcesses.run(launch(1, "stay", "all", "0"))
            #expect(enough.lines.map { Self.fields($0)["processors"] } == ["1"])
            let many = Host.processorCount + 1
            let tooFew = try ChildProcesses.run(launch(many, "stay", "all", "0"))
            #expect(tooFew.lines.count == many)
            for rank in tooFew.lines.map(Self.fields) {
                #expect(rank["processors"] == "\(Host.processorCount)")
                #expect(rank["extra"] == "yes")
            }
        }

        @Test(arguments: [
            ("7", Int32(7), "ended with status 7"), ("segv", 128 + SIGSEGV, "SIGSEGV"),
            ("kill", 128 + SIGKILL, "SIGKILL"),
        ])
        func theFirstFailureIsNamedAndItsStatusReturned(fate: String, status: Int32, named: String) throws {
            let (family, processes) = try startStaying(launch(3, grace: 0.2, "stay", "1", fate), ranks: 3)
            let ended = try family.finish()[0]
            #expect(ended.status == status)
            let line = ended.errors.split(separator: "\n").first { $0.contains("rank 1 of 3 on \(Host.name)") }
            #expect(line?.contains(named) == true, "\(ended.errors)")
            #expect(processes.values.allSatisfy { !exists($0) })
        }

        @Test func theStubbornAreKilledAfterTheGrace() throws {
            let start = ContinuousClock.now
            let (family, processes) = try startStaying(
                launch(3, grace: 0.5, "stay", "0", "3", "2", "stubborn"), ranks: 3)
            let ended = try family.finish()[0]
            #expect(ended.status == 3)
            #expect(ended.errors.contains("rank 2 did not heed SIGTERM"), "\(ended.errors)")
            #expect(ContinuousClock.now - start >= .seconds(2.5), "half a second of grace and two for SIGTERM")
            #expect(processes.values.allSatisfy { !exists($0) })
        }

        @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGQUIT]) func signalsReachTheRanks(signal: Int32) throws {
            let (family, processes) = try startStaying(launch(3, "stay"), ranks: 3)
            family.signal(signal)
            #expect(try family.finish()[0].status == 128 + signal)
            #expect(processes.values.allSatisfy { !exists($0) })
        }

        @Test func ranksMayEndWellOnASignal() throws {
            let (family, _) = try startStaying(launch(2, "stay", "all", "polite"), ranks: 2)
            family.signal(SIGTERM)
            let ended = try family.finish()[0]
            #expect(ended.status == 0)
            #expect(ended.errors == "")
        }

        @Test func nobodyOutlivesAKilledLauncher() throws {
            let (family, processes) = try startStaying(launch(4, "stay", "all", "stubborn"), ranks: 4)
            let files = processes.values.map { mix_process_file($0) }
            defer { for file in files { mix_close(file) } }
            #expect(files.count == 4 && files.allSatisfy { $0 >= 0 })
            family.signal(SIGKILL)
            // The pipe ends when the last rank that has it is gone.
            try family.wait("the ranks to be gone") { $0[0].outputEnded && $0[0].status == 128 + SIGKILL }
            for file in files { #expect(mix_wait_ready([file], 1, 5000) == 1, "a rank still runs") }
        }

        @Test func rankZeroAloneReadsTheInput() throws {
            let script = "echo word | '\(ChildProcesses.testRankPath)' launch 3 1 1 input"
            let run = try ChildProcesses.run(.init(executable: "sh", arguments: ["-c", script]))
            #expect(run.lines.sorted() == ["rank=0 read 5", "rank=1 read 0", "rank=2 read 0"])
        }
    }
}
