import ArgumentParser
import MixCollectives
import MixSchedule

/// `mixbench peers`: what a harness that compares libraries asks for through its environment.
struct Peers: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure what BENCH_* variables ask for, as one library among several.",
        discussion: """
            BENCH_OPS      allreduce,alltoall,alltoallv,reduce_scatter,allgather
            BENCH_SIZES    8,1K,64M
            BENCH_TYPES    float,bfloat16,half (reductions; everything else moves uint8)
            BENCH_PLACE    out, in or both
            BENCH_SECONDS  per row and place
            BENCH_RANKS    number of ranks; BENCH_NODES: of virtual nodes
            BENCH_JSON     file to append to
            BENCH_NAME     this library's name there
            """)

    @Option(help: "Memory that the node's ranks have mapped, or ordinary private memory.")
    var memory = MemoryKind.shared

    @Option(help: "auto, core or none.")
    var bind = Binding.auto

    func run() throws {
        let wanted = PeerRequest(environment: ProcessIdentity.environmentVariable)
        let sweeps = try wanted.sweeps()
        let policy = Policy(seconds: try wanted.seconds(), memory: memory)
        let job = JobRequest(ranks: try wanted.ranks(), nodes: try wanted.nodes(), binding: bind)
        let world = try job.join()
        if world.rank == 0 {
            for name in wanted.unknownOperations { Console.error("mixbench: has no \(name)\n") }
        }
        let runner = Runner(world: world, policy: policy, nodes: job.nodes, peer: wanted.name)
        if let file = wanted.file { runner.lines = try JSONLines(appendingTo: file, isWriter: world.rank == 0) }
        try runner.run(sweeps)
        runner.finish()
        world.close()
        if runner.wrong > 0 { throw ExitCode.failure }
    }
}
