import ArgumentParser
import MixCollectives
import MixSchedule

/// What the commands of fused operations have in common: the grid, the way, and what to write.
struct FusedOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Start this many ranks (default: 4), unless a launcher already did.", valueName: "n"))
    var ranks: Int?

    @Option(help: ArgumentHelp("Nodes of the grid, unless a launcher tells (default: 2).", valueName: "m"))
    var nodes: Int?

    @Option(help: "Bind ranks to cores: when there are enough of them, always, never.")
    var bind = Binding.auto

    @Option(help: "What carries the bytes between nodes; shm: nodes are parts of this machine.")
    var transport = Transport.auto

    @Option(name: [.long, .customLong("dtype")], help: "f32, bf16 or f16.")
    var type = DataType.float32

    @Flag(help: "One phase after the other, each lane sending whole rows or blocks: what engines without fusion do.")
    var unfused = false

    @Flag(help: "The same phases as fused, one after the other.")
    var sequential = false

    @Option(help: "Seconds to measure each row for.")
    var seconds = 0.3

    @Flag(inversion: .prefixedNo, help: "Check every result.")
    var check = true

    @Flag(help: "Count what the links between nodes did, per call.")
    var counters = false

    @Option(help: ArgumentHelp("Append one JSON object per row.", valueName: "file"))
    var json: String?

    @Option(help: ArgumentHelp("The peer's name in the JSON.", valueName: "name"))
    var name = "mix"

    @Flag(help: "Draw the steps of one call, measured and predicted.")
    var timeline = false

    @Option(
        help: ArgumentHelp("Write the steps of one call per row, for Perfetto or chrome://tracing.", valueName: "file"))
    var trace: String?

    func validate() throws {
        let (ranks, nodes) = (ranks ?? 4, nodes ?? 2)
        guard ranks >= 1, nodes >= 1, ranks.isMultiple(of: nodes) else {
            throw ValidationError("\(ranks) ranks do not split evenly over \(nodes) nodes.")
        }
        guard [.float32, .bfloat16, .float16].contains(type) else {
            throw ValidationError("--type \(type.name): rows are f32, bf16 or f16.")
        }
        guard !(unfused && sequential) else { throw ValidationError("--unfused or --sequential, not both.") }
        guard seconds > 0 else { throw ValidationError("--seconds must be more than 0.") }
    }

    /// The algorithm asked for; nil: the library's choice.
    var algorithm: String? { unfused ? "unfused" : sequential ? "sequential" : nil }

    /// This rank's world with the grid that was asked for.
    func join() throws -> Communicator {
        // A launcher says itself how many ranks and nodes there are.
        let isStarted = Launcher.isRank
        let onOneMachine = transport == .shm
        let request = JobRequest(
            ranks: ranks ?? (isStarted ? nil : 4), nodes: onOneMachine ? 1 : nodes ?? 2, binding: bind,
            transport: onOneMachine ? .auto : transport)
        let world = try request.join()
        if onOneMachine {
            let nodes = nodes ?? 2
            guard world.size.isMultiple(of: nodes) else {
                throw ValidationError("\(world.size) ranks do not split evenly over \(nodes) nodes.")
            }
            try world.use(grid: Topology(nodeCount: nodes, ranksPerNode: world.size / nodes))
        }
        guard nodes == nil || nodes == world.grid.nodeCount else {
            throw ValidationError("\(nodes!) nodes were asked for, but this job has \(world.grid.nodeCount).")
        }
        return world
    }
}
