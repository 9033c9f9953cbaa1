/// Keys and values of one layer: a number of slots, each for a sequence of up to so many tokens.
///
/// Rows of one slot and head lie behind each other. Latent attention keeps one row per token, whose beginning is the value.
final class KeyValueCache<Element: DecoderElement> {
    let heads: Int
    let keyWidth: Int
    let valueWidth: Int
    let capacity: Int
    private let keys: UnsafeMutablePointer<Element>
    private let values: UnsafeMutablePointer<Element>

    /// Room whose pages take memory when they are first written.
    ///
    /// - Parameter sharesRows: values are the first elements of keys.
    init(slots: Int, capacity: Int, heads: Int, keyWidth: Int, valueWidth: Int, sharesRows: Bool) {
        (self.heads, self.capacity, self.keyWidth) = (heads, capacity, keyWidth)
        let rows = slots * heads * capacity
        keys = .allocate(capacity: rows * keyWidth)
        values = sharesRows ? keys : .allocate(capacity: rows * valueWidth)
        self.valueWidth = sharesRows ? keyWidth : valueWidth
    }

    deinit {
        if values != keys { values.deallocate() }
        keys.deallocate()
    }

    /// The key of one token [keyWidth]; those of the next tokens follow.
    func key(_ slot: Int, _ head: Int, _ position: Int) -> UnsafeMutablePointer<Element> {
        keys + ((slot * heads + head) * capacity + position) * keyWidth
    }

    /// The value of one token; those of the next tokens follow, each `valueWidth` elements on.
    func value(_ slot: Int, _ head: Int, _ position: Int) -> UnsafeMutablePointer<Element> {
        values + ((slot * heads + head) * capacity + position) * valueWidth
    }

    /// One head's attention of a token to itself and those before it.
    ///
    /// - Parameters:
    ///   - query: [keyWidth].
    ///   - positions: the tokens to attend to.
    ///   - scores: room for a number of each.
    ///   - output: [width]: the weighted sum of the values' first `width` elements.
    func attend(
        _ query: UnsafePointer<Float>, slot: Int, head: Int, positions: Range<Int>, scale: Float,
        scores: UnsafeMutablePointer<Float>, width: Int, into output: UnsafeMutablePointer<Float>
    ) {
        let count = positions.count
        let keys = key(slot, head, positions.lowerBound)
        for index in 0..<count { scores[index] = dot(query, keys + index * keyWidth, keyWidth) * scale }
        let sum = exponentials(scores, count)
        output.update(repeating: 0, count: width)
        let values = value(slot, head, positions.lowerBound)
        for index in 0..<count {
            add(values + index * valueWidth, times: scores[index] / sum, to: output, width)
        }
    }
}
