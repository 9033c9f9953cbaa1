/// The rows of one step and layer between one group of lanes and one other, or itself, in bytes.
struct RowVolumes: Sendable, Hashable {
    /// Rows to one group, in memory.
    var dispatchMemory: Double
    /// The same on a link.
    var dispatchWire: Double
    /// Partial results of rows for one group that every lane has.
    var partials: Double
    /// Rows back to one group, on a link.
    var combineWire: Double
    /// Float32 sums of the group's own tokens.
    var sums: Double
    /// The same, rounded.
    var output: Double

    /// - Parameters:
    ///   - tokens: those of one group of lanes.
    ///   - rows: E[rows per token to one group].
    ///   - choices: E[choices per token on one group].
    init(tokens: Double, hidden: Int, rows: Double, choices: Double, formats: RowFormats, sumsChoices: Bool) {
        let elements = tokens * Double(hidden)
        dispatchMemory = elements * rows * formats.elementBytes
        dispatchWire = elements * rows * formats.dispatchBytes
        partials = elements * (sumsChoices ? rows : choices) * formats.elementBytes
        combineWire = elements * rows * formats.combineBytes
        sums = elements * 4
        output = elements * formats.elementBytes
    }
}
