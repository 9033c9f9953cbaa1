import ArgumentParser
import MixCollectives
import MixPlanner

/// `mixbench calibrate`: measures the job's own links, memory and kernels for `mixplan --cluster`.
struct Calibrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure this job's links, memory and kernels, and write them as a cluster for mixplan.",
        discussion: """
            mixbench calibrate --ranks 4 --out cluster.json
            mixplan plan --model qwen3-30b-a3b --cluster cluster.json --input 512 --output 64 --rate 0.1
            mixbench calibrate --nodes 2 --out cluster.json --tuning job.tuning; export MIX_TUNING=$PWD/job.tuning

            Rates are those of one rank while all are at it. r² is of the logarithms of the times at every second size, as a \
            curve through the others tells them.
            """)

    @Option(help: ArgumentHelp("Where the cluster goes: JSON.", valueName: "file"))
    var out: String

    @Option(
        help: ArgumentHelp(
            "Write what the fit recommends for operations between nodes, for MIX_TUNING.", valueName: "file"))
    var tuning: String?

    @Option(help: "Seconds for each measurement in a round, of which there are some hundreds.")
    var seconds = 0.01

    @Option(
        name: .customLong("rounds"),
        help: "How often everything is measured; of each the mean of the lower half counts.")
    var count = 7

    @OptionGroup(title: "Job") var job: JobOptions

    func validate() throws {
        guard seconds > 0, count > 0 else { throw ValidationError("--seconds and --rounds must be more than 0.") }
    }

    func run() throws {
        let world = try job.request.join()
        defer { world.close() }
        let begin = Clock.now()
        let rounds = Rounds(world: world)
        let workspace = try Workspace(bytes: Calibrator.largest, kind: .shared, world: world)
        let calibrator = try Calibrator(world: world, rounds: rounds, seconds: seconds, workspace: workspace)
        try rounds.run(count)
        let calibration = try calibrator.calibration()
        guard world.rank == 0 else { return }
        try calibration.cluster.validate()
        try TextFile.write(try CalibrationFile.text(calibration), to: out)
        Console.write(CalibrationReport(calibration).text)
        if let tuning {
            let overVerbs = (1..<world.size).contains { world.route(to: $0).transport == .verbs }
            let best = try TuningFit(calibration.cluster, overVerbs: overVerbs)?.tuning() ?? Tuning()
            let text = best.file(for: calibration.cluster)
            try TextFile.write(text, to: tuning)
            Console.write(text)
        }
        Console.write("# \(out), after \(fixed(Double(Clock.now() - begin) * 1e-9, 1)) s\n")
    }
}
