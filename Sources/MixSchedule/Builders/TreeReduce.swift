extension Schedule {
    /// Reduction to a root on a binomial tree.
    ///
    /// ⌈log₂ n⌉ rounds. Each rank but the root sends the data once. Sums of subtrees pass through scratch memory.
    ///
    /// - Parameters:
    ///   - rank: the rank that the schedule is for, from 0.
    ///   - rankCount: how many ranks take part.
    ///   - root: the rank that gets the result.
    ///   - pieces: into how many pieces the data is cut, so that a rank forwards one while it receives the next.
    /// - Source: Thakur, Rabenseifner and Gropp, "Optimization of collective communication operations in MPICH" (2005).
    public static func treeReduce(
        rank: Int, rankCount: Int, root: Int = 0, pieces: Int = 1
    ) -> Schedule {
        guard rankCount > 1 else { return .localCopy() }
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        let tree = Tree.binomial(rank: rank, ranks: Array(0..<rankCount), root: root)
        let isInner = rank != root && !tree.children.isEmpty
        _ = draft.reduce(
            up: tree, pieces: pieces, own: draft.input(0),
            sum: isInner ? draft.scratch(0) : draft.output(0))
        return draft.finished(inputBlocks: 1, outputBlocks: 1, scratchBlocks: isInner ? 1 : 0)
    }
}
