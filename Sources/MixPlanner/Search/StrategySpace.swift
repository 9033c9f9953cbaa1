/// All strategies of a number of ranks.
struct StrategySpace: Sendable {
    let rankCount: Int
    let ranksPerNode: Int
    let allowsReplication: Bool

    static func divisors(_ number: Int) -> [Int] { (1...number).filter { number % $0 == 0 } }

    /// d_PP: every divisor.
    var pipelines: [Int] { StrategySpace.divisors(rankCount) }

    /// All attention blocks of so many ranks, and of fewer ones if hidden states may be replicated.
    func attentions(ranks: Int) -> [Strategy.Attention] {
        blocks(ranks).flatMap { tensor, other in
            orders(tensor, other, ranks).map { .init(tensor: tensor, data: other, tensorIsInside: $0) }
        }
    }

    /// All experts' blocks of so many ranks, and of fewer ones if weights may be replicated.
    func experts(ranks: Int) -> [Strategy.Experts] {
        blocks(ranks).flatMap { tensor, other in
            orders(tensor, other, ranks).map { .init(tensor: tensor, expert: other, tensorIsInside: $0) }
        }
    }

    private func blocks(_ ranks: Int) -> [(Int, Int)] {
        let sizes = allowsReplication ? StrategySpace.divisors(ranks) : [ranks]
        return sizes.flatMap { size in StrategySpace.divisors(size).map { ($0, size / $0) } }
    }

    /// Inside one node, the order makes no difference.
    private func orders(_ tensor: Int, _ other: Int, _ ranks: Int) -> [Bool] {
        tensor == 1 || other == 1 || ranks <= ranksPerNode ? [true] : [true, false]
    }
}
