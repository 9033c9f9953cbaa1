/// The attention of one layer, or one rank's heads of it.
protocol Attention<Element>: AnyObject {
    associatedtype Element: DecoderElement

    /// Keeps the tokens' keys and values, and sets `y` [tokens, hidden] to this rank's summand of the output projection.
    ///
    /// - Parameters:
    ///   - x: normalised rows [tokens, hidden], or more.
    ///   - tokens: where each token's sequence is, and its position there.
    func forward(_ x: Span<Element>, _ tokens: TokenPlaces, into y: inout MutableSpan<Element>)
}
