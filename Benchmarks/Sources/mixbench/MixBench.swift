import ArgumentParser

/// Measures collectives as nccl-tests does.
@main
struct MixBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mixbench",
        abstract: "Measures collectives: nccl-tests' columns, percentiles, and every result checked.",
        discussion: """
            mixbench all-reduce --ranks 4 -b 8 -e 64M -f 4
            mixbench all-to-all --ranks 4 --nodes 2 --type bf16 --json results.jsonl
            mixbench all-reduce all-gather --ranks 2 --plot bandwidth.svg
            mixbench fused-dispatch --nodes 2 --ranks 4 --tokens 64,256 --timeline

            Documentation/Benchmarking.md says what the columns mean and how time is taken.
            """,
        subcommands: [
            Run.self, FusedDispatch.self, FusedCombine.self, FusedAllReduceAllToAll.self, MoE.self, Experts.self,
            Load.self, Calibrate.self, Accuracy.self, Peers.self, List.self, Info.self,
        ],
        defaultSubcommand: Run.self)
}
