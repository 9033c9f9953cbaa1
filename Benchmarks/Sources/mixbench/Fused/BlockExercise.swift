import MixCollectives

/// An all-reduce–all-to-all of equal blocks.
final class BlockExercise<Element: RowElement>: FusedExercise {
    private let world: Communicator
    /// Elements per block.
    private let count: Int
    private let pattern: Pattern
    private let input: SharedArray<Element>
    private let output: SharedArray<Element>

    init(_ count: Int, world: Communicator) throws(CollectiveError) {
        self.world = world
        self.count = count
        pattern = Pattern(ranks: world.grid.ranksPerNode ?? 1, reduction: .sum)
        input = try SharedArray(count * world.grid.nodeCount, world)
        output = try SharedArray(count * world.grid.nodeCount, world)
        for index in 0..<input.elements.count {
            input.elements[index] = Element(small: pattern.contribution(rank: world.rank, index: index))
        }
    }

    func prepare() {}

    func call() throws(CollectiveError) {
        var output = output.elements
        try world.allReduceAllToAll(input.elements, into: &output)
    }

    /// Sums of small integers, which have no rounding.
    func countWrong() -> Int {
        let own = world.grid.node(of: world.rank) * count
        var wrong = 0
        for (node, ranks) in world.grid.nodes.enumerated() {
            for index in 0..<count {
                let right = ranks.reduce(0) { $0 + pattern.contribution(rank: $1, index: own + index) }
                if output.elements[node * count + index].bits != Element(small: right).bits { wrong += 1 }
            }
        }
        return wrong
    }
}
