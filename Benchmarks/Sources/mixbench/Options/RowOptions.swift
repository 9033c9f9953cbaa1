import ArgumentParser
import MixCollectives

/// What rows dispatch and combine move, and in which form.
struct RowOptions: ParsableArguments {
    /// The form of rows between nodes.
    enum Wire: String, CaseIterable, ExpressibleByArgument {
        case input, bf16, fp8

        var format: DispatchOptions.WireFormat {
            switch self {
            case .input: .input
            case .bf16: .bfloat16
            case .fp8: .float8
            }
        }
    }

    /// How lanes share rows.
    enum Slicing: String, CaseIterable, ExpressibleByArgument {
        case hidden, tokens

        var slicing: DispatchOptions.Slicing { self == .hidden ? .hidden : .tokens }
    }

    @Option(help: "Tokens per node, several separated by commas.")
    var tokens = CommaSeparated<Int>(256)

    @Option(help: "Elements per row.")
    var hidden = 4096

    @Option(help: "Experts, spread over the nodes in equal runs.")
    var experts = 64

    @Option(name: .customLong("k"), help: "Experts per token.")
    var choices = 8

    @Option(help: "The form of rows between nodes.")
    var wire = Wire.input

    @Option(help: "Whether lanes share columns or tokens.")
    var slicing = Slicing.hidden

    @Flag(inversion: .prefixedNo, help: "Send a node one row per token, however many of its experts the token chose.")
    var dedup = true

    @Option(help: ArgumentHelp("Pieces that tokens are cut into, so that wire and node work at once.", valueName: "p"))
    var pieces = DispatchOptions().pieces

    func validate() throws {
        guard tokens.values.allSatisfy({ $0 >= 0 }) else { throw ValidationError("--tokens can't be negative.") }
        guard hidden >= 1 else { throw ValidationError("--hidden must be at least 1.") }
        guard choices >= 1, choices <= experts else { throw ValidationError("--k must be 1 to --experts.") }
        guard (1...64).contains(pieces) else { throw ValidationError("--pieces must be 1 to 64.") }
    }

    /// Sums do not go back in fp8.
    var dispatchOptions: DispatchOptions {
        DispatchOptions(
            deduplicates: dedup, slicing: slicing.slicing, dispatchFormat: wire.format,
            combineFormat: wire == .fp8 ? .input : wire.format, pieces: pieces)
    }
}
