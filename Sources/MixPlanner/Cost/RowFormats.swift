/// Bytes per element of hidden states.
public struct RowFormats: Sendable, Hashable {
    /// In memory: 2 for bf16.
    public var elementBytes: Double
    /// On links on the way to the experts: 2 for bf16, 1 + 4/128 for e4m3 with a scale per 128.
    public var dispatchBytes: Double
    /// On links on the way back.
    public var combineBytes: Double

    /// Says how many bytes elements have.
    public init(elementBytes: Double = 2, dispatchBytes: Double = 2, combineBytes: Double = 2) {
        self.elementBytes = elementBytes
        self.dispatchBytes = dispatchBytes
        self.combineBytes = combineBytes
    }
}
