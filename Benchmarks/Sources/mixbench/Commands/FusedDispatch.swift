import ArgumentParser
import MixCollectives

/// `mixbench fused-dispatch`: rows to the nodes of their experts.
struct FusedDispatch: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fused-dispatch",
        abstract: "Measure the fused dispatch: all-to-all of rows between nodes, woven with all-gather inside them.")

    @OptionGroup var options: FusedOptions
    @OptionGroup(title: "Rows") var rows: RowOptions

    func run() throws {
        let runner = try FusedRunner(.fusedDispatch, options)
        try runner.run(rows)
        try runner.finish()
    }
}
