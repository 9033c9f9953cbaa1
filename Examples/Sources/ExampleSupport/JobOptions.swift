package import ArgumentParser
import Foundation
package import MixCollectives

/// How many ranks there are, where, and how they compute.
package struct JobOptions: ParsableArguments {
    package enum Transport: String, ExpressibleByArgument, CaseIterable {
        case auto, shm, tcp, verbs
    }

    @Option(help: "Virtual nodes: ranks of different nodes share no memory.")
    package var nodes = 1

    @Option(help: "Start this many ranks, unless a launcher (torchrun, mpirun, srun) already did.")
    package var ranks = 1

    @Option(help: "Between nodes: auto, tcp, verbs; shm with one node.")
    package var transport = Transport.auto

    @Flag(help: "Communicate step by step, instead of fused.")
    package var unfused = false

    @Option(help: "Threads per rank; its share of the processors, if not given.")
    package var threads: Int?

    package init() {}

    package func validate() throws {
        guard (1...4096).contains(ranks), (1...4096).contains(nodes) else {
            throw ValidationError("--ranks and --nodes are 1 to 4096.")
        }
        // Of another launcher's ranks, it knows how many there are.
        guard ranks.isMultiple(of: nodes) || Launcher.isRank else {
            throw ValidationError("\(ranks) ranks do not split evenly over \(nodes) nodes.")
        }
        if transport == .shm, nodes > 1, !Launcher.isRank {
            throw ValidationError("Shared memory ends at a node: --transport shm goes with --nodes 1.")
        }
        if transport == .tcp || transport == .verbs, nodes == 1, !Launcher.isRank {
            throw ValidationError(
                "Ranks of one node share memory: --transport \(transport.rawValue) goes with --nodes 2 or more.")
        }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads is 1 to 1024.") }
    }

    /// Joins the job. A process that nobody started as a rank starts them all first, and never returns.
    ///
    /// - Parameter grace: how long the other ranks may take to end when one died; the launcher's own choice, if not given.
    /// - Throws: `ExitCode` with the ranks' status, in the process that started them.
    package func join(grace: Duration? = nil) throws -> Communicator {
        if !Launcher.isRank, ranks > 1 {
            var launcher = Launcher(ranks: ranks, nodes: nodes, grace: grace)
            if transport != .auto { launcher.environment["MIX_TRANSPORT"] = transport.rawValue }
            throw ExitCode(try launcher.run())
        }
        if transport != .auto { setenv("MIX_TRANSPORT", transport.rawValue, 0) }
        return try Communicator.join()
    }
}
