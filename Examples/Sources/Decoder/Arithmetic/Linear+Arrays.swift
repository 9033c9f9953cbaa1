import MixMoE

// Products of rows in arrays, of which the first ones count.
extension Linear {
    /// Sets `y` [rows, outputs] to x Wᵀ, and makes room for it.
    func multiply<Element: DecoderElement, Result: DecoderElement>(
        _ x: Span<Element>, rows: Int, into y: inout [Result]
    ) {
        y.reserve(rows * outputs)
        var span = y.mutableSpan
        multiply(x, rows: rows, into: &span)
    }

    /// The same of an array.
    func multiply<Element: DecoderElement, Result: DecoderElement>(
        _ x: [Element], rows: Int, into y: inout [Result]
    ) {
        multiply(x.span, rows: rows, into: &y)
    }

    /// Sets `y` [rows, outputs] to x Wᵀ.
    func multiply<Element: DecoderElement, Result: DecoderElement>(
        _ x: [Element], rows: Int, into y: inout MutableSpan<Result>
    ) {
        multiply(x.span, rows: rows, into: &y)
    }
}
