/// Symbolic values: which inputs an element was made of, and in which order they were combined.
///
/// Equal expressions have equal numbers (hash-consing), so whether two ranks hold bit-identical results is a comparison of
/// two integers. Number 0 is the undefined value, then come the input elements of all ranks, then the combinations.
struct Expressions {
    typealias Contribution = VerificationError.Contribution

    /// The number of the first element of each rank's input, and after the last.
    private let firstLeaf: [Int]
    private var operands: [[Int32]] = []
    private var numbers: [[Int32]: Int32] = [:]

    static let undefined: Int32 = 0

    init(inputCounts: [Int]) {
        var next = 1
        firstLeaf =
            inputCounts.map { count in
                defer { next += count }
                return next
            } + [next]
    }

    /// An element of the input of a rank.
    func leaf(rank: Int, element: Int) -> Int32 {
        Int32(firstLeaf[rank] + element)
    }

    /// The combination of values in this order.
    mutating func combination(_ values: [Int32]) -> Int32 {
        if values.count == 1 { return values[0] }
        if let number = numbers[values] { return number }
        let number = Int32(firstLeaf.last! + operands.count)
        operands.append(values)
        numbers[values] = number
        return number
    }

    /// The inputs that an expression is made of, up to a limit beyond which it is certainly wrong.
    func contributions(to expression: Int32, limit: Int) -> [Contribution] {
        var result: [Contribution] = []
        var stack = [expression]
        while let number = stack.popLast().map(Int.init), result.count < limit {
            if number >= firstLeaf.last! {
                stack += operands[number - firstLeaf.last!]
            } else if number > 0 {
                let rank = self.rank(ofLeaf: number)
                result.append(Contribution(rank: rank, element: number - firstLeaf[rank]))
            }
        }
        return result
    }

    private func rank(ofLeaf number: Int) -> Int {
        var low = 0
        var high = firstLeaf.count - 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if firstLeaf[middle] <= number { low = middle } else { high = middle }
        }
        // Ranks without input share their number with the next one, which the search prefers.
        return low
    }
}
