import ArgumentParser
import MixCollectives

/// `mixbench fused-all-reduce-all-to-all`: the plain fused operation of equal blocks.
struct FusedAllReduceAllToAll: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fused-all-reduce-all-to-all",
        abstract: "Measure all-reduce inside nodes woven with all-to-all between them.",
        discussion: "Sizes are bytes of a rank's whole buffer, a block for each node.")

    @OptionGroup var options: FusedOptions
    @OptionGroup(title: "Sizes") var sizes: SizeOptions

    func run() throws {
        let runner = try FusedRunner(.fusedAllReduceAllToAll, options)
        try runner.run(sizes.values())
        try runner.finish()
    }
}
