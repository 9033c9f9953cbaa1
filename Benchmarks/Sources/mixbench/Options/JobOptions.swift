import ArgumentParser
import MixCollectives

/// How many ranks there are, and where.
struct JobOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Start this many ranks (default: 2), unless a launcher already did.", valueName: "n"))
    var ranks: Int?

    @Option(help: ArgumentHelp("Virtual nodes: ranks of different nodes share no memory.", valueName: "m"))
    var nodes = 1

    @Option(help: "Bind ranks to cores: when there are enough of them, always, never.")
    var bind = Binding.auto

    @Option(help: "What carries the bytes between nodes; auto: as MIX_TRANSPORT says, else verbs where there are.")
    var transport = Transport.auto

    func validate() throws {
        if let ranks, ranks < 1 { throw ValidationError("--ranks must be at least 1.") }
        guard nodes >= 1 else { throw ValidationError("--nodes must be at least 1.") }
        guard (ranks ?? 2).isMultiple(of: nodes) else {
            throw ValidationError("\(ranks ?? 2) ranks do not split evenly over \(nodes) nodes.")
        }
        if transport == .shm, nodes > 1 {
            throw ValidationError("Shared memory ends at a node: --transport shm goes with --nodes 1.")
        }
        if transport == .tcp || transport == .verbs, nodes == 1, !Launcher.isRank {
            throw ValidationError(
                "Ranks of one node share memory: --transport \(transport.rawValue) goes with --nodes 2 or more.")
        }
    }

    var request: JobRequest { JobRequest(ranks: ranks, nodes: nodes, binding: bind, transport: transport) }
}
