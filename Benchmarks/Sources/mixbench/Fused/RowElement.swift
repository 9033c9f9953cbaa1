import MixCollectives

/// An element that rows can be made of.
protocol RowElement: BenchmarkElement {
    init(_ value: Float)
    var wide: Float { get }
    /// What one rounding may change, relative to the value.
    static var rounding: Double { get }
}

extension RowElement {
    /// By how much a sum may differ from its reference: rounded for the wire, and once more at the end.
    static func tolerance(_ format: DispatchOptions.WireFormat) -> Double {
        let wire = format == .input ? rounding : BFloat16.rounding
        return max(1e-6, wire + rounding)
    }
}

extension Float: RowElement {
    var wide: Float { self }
    static var rounding: Double { 0x1p-24 }
}

extension Float16: RowElement {
    var wide: Float { Float(self) }
    static var rounding: Double { 0x1p-11 }
}

extension BFloat16: RowElement {
    var wide: Float { Float(self) }
    static var rounding: Double { 0x1p-8 }
}
