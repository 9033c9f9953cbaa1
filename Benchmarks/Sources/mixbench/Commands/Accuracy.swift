import ArgumentParser
import Foundation
import MixCollectives
import MixPlanner
import MixSchedule

/// `mixbench accuracy`: what the planner predicts after a calibration, beside what is measured.
struct Accuracy: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Calibrate, measure collectives and MoE layers in the same job, and say how far predictions are off.",
        discussion: """
            mixbench accuracy --ranks 4 --json cases.jsonl
            mixbench accuracy --from cases.jsonl --plot accuracy.svg

            Benchmarks/Scripts/accuracy.sh does it over several wires. Calibration and measurements are taken in turns, round \
            after round in another order, of each the mean of the lower half counts; the error of a case is |predicted − measured|/measured, and a \
            partition is an operation or strategy in one place.
            """)

    @Option(help: "Operations, separated by commas; all by default.")
    var operations = CommaSeparated<MixSchedule.Operation>(
        .allReduce, .reduceScatter, .allGather, .allToAll, .allToAllV, .broadcast, .reduce, .gather, .scatter, .barrier,
        .sendReceive)

    @Option(help: "Bytes of a rank's buffer.")
    var sizes = CommaSeparated<ByteSize>(
        ByteSize(1 << 10), ByteSize(16 << 10), ByteSize(256 << 10), ByteSize(4 << 20), ByteSize(64 << 20))

    @Option(help: "Seconds of each measurement of a collective in a round, and a tenth of each of a layer.")
    var seconds = 0.01

    @Option(
        name: .customLong("rounds"),
        help: "How often everything is measured; of each the mean of the lower half counts.")
    var count = 9

    @Option(help: "Model whose layers are measured, or none.")
    var layers = "qwen3-30b-a3b"

    @Option(help: "Tokens of all ranks.")
    var tokens = CommaSeparated<Int>(8, 64, 512)

    @Option(help: "What the wire is called in tables.")
    var wire: String?

    @Option(help: ArgumentHelp("Append the cases, a JSON object each.", valueName: "file"))
    var json: String?

    @Option(help: ArgumentHelp("Measure nothing, and sum up these cases.", valueName: "file"))
    var from: String?

    @Option(help: ArgumentHelp("Calibrate nothing, and use what calibrate has written.", valueName: "file"))
    var calibration: String?

    @Option(help: ArgumentHelp("Write the calibration there.", valueName: "file"))
    var out: String?

    @Option(help: ArgumentHelp("Draw predicted over measured times.", valueName: "file.svg"))
    var plot: String?

    @OptionGroup(title: "Job") var job: JobOptions

    func validate() throws {
        guard seconds > 0, count > 0, sizes.values.allSatisfy({ $0.bytes > 0 }), tokens.values.allSatisfy({ $0 > 0 })
        else {
            throw ValidationError("--seconds, --rounds, --sizes and --tokens must be positive.")
        }
        guard operations.values.allSatisfy({ !$0.isFused }) else {
            throw ValidationError("Fused operations are predicted as parts of layers.")
        }
        guard layers == "none" || ModelSpec.preset(layers) != nil else {
            throw ValidationError("There is no preset \(layers).")
        }
    }

    func run() throws {
        if let from { return try sumUp(try read(from)) }
        let world = try job.request.join()
        defer { world.close() }
        let isWriter = world.rank == 0
        let lines = try json.map { try JSONLines(appendingTo: $0, isWriter: isWriter) }
        let known = try self.calibration.map { try read($0, for: world) }
        let rounds = Rounds(world: world)
        let bytes = max(sizes.values.map(\.bytes).max()! + 4096, known == nil ? Calibrator.largest : 0)
        let workspace = try Workspace(bytes: bytes, kind: .shared, world: world)
        let calibrator =
            known == nil
            ? try Calibrator(world: world, rounds: rounds, seconds: seconds, workspace: workspace) : nil
        let wire =
            wire ?? (world.grid.nodeCount == 1 ? "shared memory" : "\(world.route(to: world.size - 1).transport)")
        let run = AccuracyRun(world: world, rounds: rounds, wire: wire)
        run.add(operations.values, sizes: sizes.values.map(\.bytes), seconds: seconds, workspace: workspace)
        if let model = ModelSpec.preset(layers), world.size > 1 {
            run.add(try strategies(world.size), preset: model, tokens: tokens.values, seconds: 10 * seconds)
        }
        try rounds.run(count)
        let calibration = try calibrator?.calibration() ?? known!
        guard isWriter else { return }
        Console.write(CalibrationReport(calibration).text)
        if let out { try TextFile.write(try CalibrationFile.text(calibration), to: out) }
        let cases = try run.cases(calibration)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        for one in cases {
            Console.write(
                pad(one.name, 36, .left) + pad("\(one.size)", 10) + pad(microseconds(one.measured), 14)
                    + pad(microseconds(one.predicted), 14) + pad(fixed(100 * one.error, 1), 9) + " %"
                    + pad(one.modelled.map { microseconds($0) } ?? "", 14) + "\n")
            for stage in one.stages ?? [] {
                Console.write(
                    pad("  " + stage.name, 46, .left) + pad(microseconds(stage.measured), 14)
                        + pad(microseconds(stage.predicted), 14) + "\n")
            }
            lines?.append(String(decoding: try encoder.encode(one), as: UTF8.self))
        }
        try sumUp(cases)
    }

    /// A calibration of a job of this shape.
    private func read(_ path: String, for world: Communicator) throws -> Calibration {
        let calibration = try CalibrationFile.read(path)
        let cluster = calibration.cluster
        try cluster.validate()
        guard cluster.nodes == world.grid.nodeCount, cluster.ranksPerNode == world.grid.ranksPerNode else {
            throw ValidationError(
                "\(path) is of \(cluster.nodes) × \(cluster.ranksPerNode) ranks, and this job has \(world.size) on "
                    + "\(world.grid.nodeCount) nodes.")
        }
        return calibration
    }

    /// All ways to cut a layer evenly over so many ranks.
    private func strategies(_ ranks: Int) throws -> [Strategy] {
        let hybrid = ranks == 4 ? ["TP=2 + EP=2"] : []
        return try (["TP=\(ranks)", "EP=\(ranks)"] + hybrid).map { try Strategy($0) }
    }

    private func sumUp(_ cases: [AccuracyCase]) throws {
        Console.write("\n" + AccuracySummary(cases).text)
        if let plot { try AccuracyPlot(cases).write(to: plot) }
    }

    private func read(_ path: String) throws -> [AccuracyCase] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ValidationError("\(path) can't be read.")
        }
        let cases = try data.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(AccuracyCase.self, from: Data($0))
        }
        guard !cases.isEmpty else { throw ValidationError("\(path) has no cases.") }
        return cases
    }
}
