import ArgumentParser
import Decoder
import MixCollectives
import MixMoE

/// How many ranks there are, where, and how they compute.
struct JobOptions: ParsableArguments {
    enum Transport: String, ExpressibleByArgument, CaseIterable {
        case auto, shm, tcp, verbs
    }

    @Option(help: "Virtual nodes: ranks of different nodes share no memory.")
    var nodes = 1

    @Option(help: "Start this many ranks, unless a launcher (torchrun, mpirun, srun) already did.")
    var ranks = 1

    @Option(help: "Between nodes: auto, tcp, verbs; shm with one node.")
    var transport = Transport.auto

    @Flag(help: "Communicate step by step, instead of fused.")
    var unfused = false

    @Option(help: "Threads per rank; its share of the processors, if not given.")
    var threads: Int?

    func validate() throws {
        guard ranks >= 1, nodes >= 1, ranks.isMultiple(of: nodes) else {
            throw ValidationError("\(ranks) ranks do not split evenly over \(nodes) nodes.")
        }
        if transport == .shm, nodes > 1 {
            throw ValidationError("Shared memory ends at a node: --transport shm goes with --nodes 1.")
        }
        if transport == .tcp || transport == .verbs, nodes == 1, !Launcher.isRank {
            throw ValidationError(
                "Ranks of one node share memory: --transport \(transport.rawValue) goes with --nodes 2 or more.")
        }
        if let threads, threads < 1 { throw ValidationError("--threads is at least 1.") }
    }

    var communication: MoELayerOptions.Communication { unfused ? .unfused : .fused }

    /// Runs `body` as a rank. A process that nobody started as a rank starts them all first, and never returns.
    func asRank(_ body: (Communicator) throws -> Void) throws {
        if !Launcher.isRank, ranks > 1 {
            var launcher = Launcher(ranks: ranks, nodes: nodes)
            if transport != .auto { launcher.environment["MIX_TRANSPORT"] = transport.rawValue }
            throw ExitCode(try launcher.run())
        }
        let world = try Communicator.join()
        defer { world.close() }
        do {
            try body(world)
        } catch let error where !(error is ExitCode) {
            Console.error("rank \(world.rank): \(error)\n")
            throw ExitCode.failure
        }
    }
}
