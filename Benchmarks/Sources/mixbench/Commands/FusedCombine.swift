import ArgumentParser
import MixCollectives

/// `mixbench fused-combine`: the experts' results back to the tokens' nodes.
struct FusedCombine: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fused-combine",
        abstract:
            "Measure the fused combine: reduce-scatter and all-gather inside nodes, woven with all-to-all of rows.",
        discussion: "Every call is one of a dispatch before it, which is not timed.")

    @OptionGroup var options: FusedOptions
    @OptionGroup(title: "Rows") var rows: RowOptions

    func validate() throws {
        if rows.wire == .fp8 { throw ValidationError("Sums of results do not go back as fp8: --wire input or bf16.") }
    }

    func run() throws {
        let runner = try FusedRunner(.fusedCombine, options)
        try runner.run(rows)
        try runner.finish()
    }
}
