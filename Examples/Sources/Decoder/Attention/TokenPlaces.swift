/// Where the tokens of a step belong.
struct TokenPlaces {
    /// The cache's slot of each token's sequence.
    var slots: [Int] = []
    /// Tokens that come before each in its sequence.
    var positions: [Int] = []

    var count: Int { slots.count }

    mutating func removeAll() {
        slots.removeAll(keepingCapacity: true)
        positions.removeAll(keepingCapacity: true)
    }
}
