/// How rows travel between the nodes. The same on all ranks.
public struct DispatchOptions: Sendable, Hashable {
    /// In which form rows cross between nodes.
    public enum WireFormat: UInt8, Sendable, Hashable, CaseIterable {
        /// As they are given: f32, bf16 or f16.
        case input
        /// bf16: half of f32's bytes, relative error at most 2⁻⁸ for each rounding.
        case bfloat16
        /// e4m3 with a float32 scale per 128 elements, 1.03 bytes per element; relative error at most 2⁻⁴ of an element's
        /// magnitude, or 2⁻¹⁰/448 of the greatest of its block. Dispatch only.
        case float8
    }

    /// How the lanes of a node share the rows that go to another node.
    public enum Slicing: UInt8, Sendable, Hashable, CaseIterable {
        /// Each lane sends its columns of every row.
        case hidden
        /// Each lane sends whole rows of its share of the tokens.
        case tokens
    }

    /// Whether a token that has several experts on one node sends it one row (weighted and summed there on the way
    /// back) instead of one for each.
    public var deduplicates: Bool
    /// How lanes share rows. A single node sends none, and its lanes share tokens if there are enough.
    public var slicing: Slicing
    /// The form of rows on the way to the experts.
    public var dispatchFormat: WireFormat
    /// The form of rows on the way back; not ``WireFormat/float8``.
    public var combineFormat: WireFormat
    /// Whether combine multiplies each result by its choice's weight. Without, it just adds results up: for models whose
    /// weight multiplies the expert's input, which whoever runs the experts does with ``Dispatched/choiceWeights``.
    public var weightsResults: Bool
    /// Into how many pieces the tokens are cut, 1 to 64, so that wire and node work at the same time. Pieces of little
    /// data are left out.
    public var pieces: Int

    /// Describes the way.
    public init(
        deduplicates: Bool = true, slicing: Slicing = .hidden, dispatchFormat: WireFormat = .input,
        combineFormat: WireFormat = .input, weightsResults: Bool = true, pieces: Int = 16
    ) {
        self.deduplicates = deduplicates
        self.slicing = slicing
        self.dispatchFormat = dispatchFormat
        self.combineFormat = combineFormat
        self.weightsResults = weightsResults
        self.pieces = pieces
    }

    /// All of it in one number, for ranks to compare.
    var code: UInt32 {
        UInt32(deduplicates ? 1 : 0) | UInt32(slicing.rawValue) << 1 | UInt32(dispatchFormat.rawValue) << 2
            | UInt32(combineFormat.rawValue) << 4 | UInt32(weightsResults ? 1 : 0) << 6
            | UInt32(truncatingIfNeeded: pieces) << 8
    }
}
