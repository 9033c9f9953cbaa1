import Foundation
import MixCollectives
import MixSchedule
import Testing

@testable import mixbench

/// Small jobs of real processes, and what the commands print and write about them.
@Suite(.serialized) struct FusedTests {
    struct Job: Sendable, CustomTestStringConvertible {
        var arguments: String
        /// How many times the least the bytes between nodes are.
        var times = 1.0

        var testDescription: String { arguments }
        var words: [String] { arguments.split(separator: " ").map(String.init) }
        var isRows: Bool { !arguments.hasPrefix("fused-all-reduce") }
    }

    static let rows = "--tokens 96,0 --hidden 256 --experts 8 --k 3"
    static let jobs = [
        Job(arguments: "fused-dispatch \(rows)"),
        Job(arguments: "fused-dispatch \(rows) --no-dedup --dtype bf16 --transport shm"),
        Job(arguments: "fused-dispatch \(rows) --wire fp8 --slicing tokens --nodes 4"),
        Job(arguments: "fused-dispatch \(rows) --sequential --wire bf16"),
        Job(arguments: "fused-dispatch \(rows) --unfused", times: 2),
        Job(arguments: "fused-combine \(rows)"),
        Job(arguments: "fused-combine \(rows) --dtype f16 --slicing tokens --pieces 3 --transport shm"),
        Job(arguments: "fused-combine \(rows) --unfused --wire bf16", times: 2),
        Job(arguments: "fused-all-reduce-all-to-all --sizes 64K,1M"),
        Job(arguments: "fused-all-reduce-all-to-all --sizes 64K,128K --dtype bf16 --unfused --transport shm", times: 2),
    ]

    @Test(arguments: jobs)
    func rowsAreRight(_ job: Job) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fused-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (json, trace) = (folder.appendingPathComponent("rows.json"), folder.appendingPathComponent("trace.json"))
        let output = try mixbench(
            job.words + ["--seconds", "0.02", "--counters", "--json", json.path, "--trace", trace.path, "--timeline"])

        let lines = output.split(separator: "\n").map(String.init)
        let names = try #require(lines.first { $0.contains("#wrong") })
            .dropFirst().split(separator: " ").map(String.init)
        #expect(names == ["size"] + (job.isRows ? ["tokens", "hidden"] : ["count"]) + Self.columns)
        #expect(lines.contains { $0.contains("measured") && $0.contains("predicted") })
        #expect(lines.contains("# Out of bounds values : 0 OK"))

        let objects = try String(contentsOf: json, encoding: .utf8).split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(objects.count == 2)
        for object in objects {
            let sent = try number(object, "wire_bytes")
            #expect(try sent == job.times * number(object, "wire_bytes_least"))
            #expect(try number(object, "wrong") == 0)
            for name in ["time_us_median", "intra_us", "inter_us", "overlap"] { #expect(try number(object, name) > 0) }
            let seconds = try number(object, "time_us_median") * 1e-6
            let bandwidth = try number(object, "wire_bytes_least") / seconds * 1e-9
            #expect(try abs(number(object, "busbw") - bandwidth) < 1e-3 + 1e-3 * bandwidth)
        }
        try checkTrace(trace, ranks: 4)
    }

    private static let columns = [
        "type", "time", "algbw", "busbw", "intra", "inter", "overlap", "wire", "least", "notes", "#wrong",
    ]

    /// A process for each rank, a named thread for each stream, and steps that lie within it one after the other.
    private func checkTrace(_ file: URL, ranks: Int) throws {
        let document = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        let events = try #require(document?["traceEvents"] as? [[String: Any]])
        let named = events.filter { $0["ph"] as? String == "M" }
        #expect(named.count { $0["name"] as? String == "process_name" } == ranks)
        let threads = Set(
            try named.filter { $0["name"] as? String == "thread_name" }.map {
                [try number($0, "pid"), try number($0, "tid")]
            })
        let steps = events.filter { $0["ph"] as? String == "X" }
        #expect(steps.count + named.count == events.count)
        #expect(Set(try steps.map { try number($0, "pid") }) == Set((0..<ranks).map { Double($0) }))
        var ends: [[Double]: Double] = [:]
        for step in steps {
            let thread = [try number(step, "pid"), try number(step, "tid")]
            let (start, length) = (try number(step, "ts"), try number(step, "dur"))
            #expect(threads.contains(thread))
            #expect(start >= ends[thread, default: 0] && length >= 0)
            // Times have three decimals.
            ends[thread] = start + length - 0.002
            let details = try #require(step["args"] as? [String: Any])
            #expect(try number(details, "bytes") > 0)
        }
        let kinds = Set(steps.compactMap { $0["name"] as? String })
        #expect(kinds.isSuperset(of: ["send", "receive", "copy"]))
    }

    private func number(_ object: [String: Any], _ name: String) throws -> Double {
        try #require(object[name] as? NSNumber, "\(name) in \(object)").doubleValue
    }

    /// What a benchmark of four ranks prints.
    private func mixbench(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("mixbench")
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment
        environment["MIX_TIMEOUT"] = "20"
        process.environment = environment
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return output
    }

    // MARK: Without a job

    /// Where every token has an expert on each node, all rows leave.
    @Test func leastBytesFollowFromTheRouting() {
        var problem = RowProblem(
            nodes: 2, lanes: 2, tokens: 10, hidden: 256, experts: 4, choices: 3, options: DispatchOptions())
        func least(_ operation: MixSchedule.Operation = .fusedDispatch) -> Double {
            FusedShape(operation: operation, type: .float32, nodes: 2, lanes: 2, content: .rows(problem)).leastBytes
        }
        #expect(least() == 10 * 256 * 4 / 2)
        #expect(least(.fusedCombine) == 10 * 256 * 4 / 2)
        problem.options.dispatchFormat = .bfloat16
        #expect(least() == 10 * 256 * 2 / 2)
        problem.options.dispatchFormat = .float8
        #expect(least() == 10 * (256 + 4 * 2) / 2)
        problem.options = DispatchOptions(deduplicates: false)
        let rows = (0..<2).map { problem.rows(from: $0, to: 1 - $0).count }
        #expect(rows.allSatisfy { (10...20).contains($0) })
        #expect(least() == Double(rows.max()! * 256 * 4) / 2)
        let blocks = FusedShape(
            operation: .fusedAllReduceAllToAll, type: .float32, nodes: 4, lanes: 2, content: .blocks(100))
        #expect(blocks.bytes == 1600 && blocks.leastBytes == 3 * 400 / 2)
        #expect(blocks.busFactor == 3.0 / 8)
    }

    /// Two copies of a rank take turns, a message takes its latency, and streams wait for each other as they did.
    @Test func predictionTakesTurns() throws {
        typealias Interval = StepTimeline.Interval
        func step(_ kind: StepTimeline.Kind, peer: Int = 0, count: Int = 0, bytes: Int = 0, _ start: Int64) -> Interval
        {
            Interval(kind: kind, peer: peer, count: count, bytes: bytes, start: start, end: start + 1)
        }
        let runs = [
            [[step(.copy, bytes: 100, 0), step(.send, peer: 1, bytes: 50, 2)], [step(.copy, bytes: 300, 1)]],
            [
                [step(.receive, peer: 0, bytes: 50, 0)],
                [step(.wait, peer: 0, count: 1, 3), step(.copy, bytes: 200, 3)],
            ],
        ].enumerated().map { rank, streams in
            StepTimeline.Run(
                rank: rank, operation: .fusedDispatch, number: 1,
                streams: streams.map { StepTimeline.Stream(name: "s", channel: 0, steps: $0) })
        }
        var measurement = FusedMeasurement()
        measurement.steps = StepTimeline(runs: runs)
        // 100 bytes a second in the node, 10 on the wire.
        (measurement.insideNodes, measurement.betweenNodes) = (4, 5)
        let timeline = try StepPrediction(measurement, latency: 2).timeline(measurement.steps)
        #expect(timeline.rows.map { $0.intervals.last!.end } == [8, 4, 8, 10])
        #expect(measurement.steps.measured.duration == 4e-9)
        let text = ChartPair(left: ("one", measurement.steps.measured), right: ("other", timeline)).text
        #expect(text.split(separator: "\n").count == 6)
    }
}
