/// Packs items into packs of equally many: the heaviest first, each into the lightest pack that has room.
///
/// In float32, and of equals the first: which item goes where is part of EPLB's result.
struct BalancedPacking {
    /// The pack of each item.
    private(set) var pack: [Int]
    /// The place of each item in its pack, in the order of their coming.
    private(set) var place: [Int]

    /// - Complexity: O(n log n + n · packs).
    init(_ weights: [Float], packs: Int) {
        let room = weights.count / packs
        pack = Array(repeating: 0, count: weights.count)
        place = pack
        guard room > 1 else {
            pack = Array(weights.indices)
            return
        }
        var sums = Array(repeating: Float(0), count: packs)
        var counts = Array(repeating: 0, count: packs)
        // Swift's sort is stable, but does not promise it.
        let order = weights.indices.sorted { (weights[$1], $0) < (weights[$0], $1) }
        for item in order {
            var lightest: Int?
            for candidate in 0..<packs where counts[candidate] < room {
                if lightest.map({ sums[candidate] < sums[$0] }) ?? true { lightest = candidate }
            }
            guard let lightest else { preconditionFailure("packs have room for all items") }
            pack[item] = lightest
            place[item] = counts[lightest]
            sums[lightest] += weights[item]
            counts[lightest] += 1
        }
    }
}
