import ArgumentParser
import MixCollectives
import MixSchedule

/// `mixbench OPERATION…`: one table per operation and type.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure operations over sizes (the default: its name may be left out).")

    @Argument(help: "What to measure, one or several.")
    var operations: [Operation]

    @OptionGroup(title: "Job") var job: JobOptions
    @OptionGroup(title: "Sizes") var sizes: SizeOptions

    @Option(name: .customLong("type"), help: "Element types, separated by commas.")
    var types = CommaSeparated<DataType>(.float32)

    @Option(name: .customLong("op"), help: "Reductions, separated by commas.")
    var reductions = CommaSeparated<Reduction>(.sum)

    @Option(help: "The root of broadcast, reduce, gather and scatter.")
    var root = 0

    @Option(help: "Out of place, in place, or both where the operation has both.")
    var place = PlaceChoice.both

    @Option(help: "Memory that the node's ranks have mapped, or ordinary private memory.")
    var memory = MemoryKind.shared

    @Option(help: "Run this algorithm instead of the measured choice (see `mixbench list`).")
    var algorithm: String?

    @Option(help: "Seconds to measure each row and place for.")
    var seconds = 0.3

    @Flag(inversion: .prefixedNo, help: "Check every result.")
    var check = true

    @Flag(help: "Count what the links between nodes did, per call.")
    var counters = false

    @Option(help: ArgumentHelp("Append one JSON object per row and place.", valueName: "file"))
    var json: String?

    @Option(help: ArgumentHelp("The peer's name in the JSON.", valueName: "name"))
    var name = "mix"

    @Option(help: ArgumentHelp("Draw bus bandwidth over size.", valueName: "file.svg"))
    var plot: String?

    func validate() throws {
        guard !operations.isEmpty else { throw ValidationError("Name at least one operation, such as all-reduce.") }
        if let fused = operations.first(where: \.isFused) {
            throw ValidationError("\(fused.rawValue) is a command of its own: mixbench \(fused.rawValue) …")
        }
        guard seconds > 0 else { throw ValidationError("--seconds must be more than 0.") }
        for operation in operations where operation.reduces {
            for type in types.values where !type.isReducible {
                throw ValidationError("\(type.name) can be moved, but not reduced, as \(operation.rawValue) would.")
            }
        }
        if let ranks = job.ranks, !(0..<ranks).contains(root) {
            throw ValidationError("--root \(root) is no rank of \(ranks).")
        }
    }

    func run() throws {
        let world = try job.request.join()
        guard root < world.size else { throw ValidationError("--root \(root) is no rank of \(world.size).") }
        var sweeps: [Sweep] = []
        for operation in operations {
            for type in types.values {
                for reduction in operation.reduces ? reductions.values : [.sum] {
                    sweeps.append(
                        Sweep(
                            operation: operation, type: type, reduction: reduction, root: root,
                            sizes: operation == .barrier ? [0] : try sizes.values(), places: place.places))
                }
            }
        }
        let policy = Policy(
            seconds: seconds, check: check, memory: memory, algorithm: algorithm, counters: counters)
        let runner = Runner(world: world, policy: policy, nodes: job.nodes, peer: name)
        if let json { runner.lines = try JSONLines(appendingTo: json, isWriter: world.rank == 0) }
        try runner.run(sweeps)
        if let plot, world.rank == 0 { try Plot(rows: runner.rows, ranks: world.size).write(to: plot) }
        runner.finish()
        world.close()
        if runner.wrong > 0 { throw ExitCode.failure }
    }
}
