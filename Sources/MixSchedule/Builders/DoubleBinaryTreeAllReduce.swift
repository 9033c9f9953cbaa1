extension Schedule {
    /// All-reduce on two binary trees, each of which reduces and then broadcasts one half of the data.
    ///
    /// About 2·log₂ n rounds. A rank that is busy in one tree is a leaf in the other, so each sends about twice the data
    /// in total, like a ring, but after a logarithmic number of rounds: for medium messages and many ranks.
    ///
    /// - Parameters:
    ///   - rank: the rank that the schedule is for, from 0.
    ///   - rankCount: how many ranks take part.
    ///   - pieces: into how many pieces each half is cut, so that all levels of the trees work at the same time.
    /// - Source: Sanders, Speck and Träff, "Two-tree algorithms for full bandwidth broadcast, reduction and scan" (2009).
    public static func doubleBinaryTreeAllReduce(
        rank: Int, rankCount: Int, pieces: Int = 1
    ) -> Schedule {
        guard rankCount > 1 else { return .localCopy() }
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        for (half, tree) in Tree.double(rank: rank, rankCount: rankCount).enumerated() {
            let name = "tree \(half) "
            let sum = draft.output(half)
            let reduced = draft.reduce(
                up: tree, named: name, channel: half, pieces: pieces, own: draft.input(half),
                sum: sum)
            draft.broadcast(
                down: tree, named: name, channel: half, pieces: pieces, source: sum, result: sum,
                ready: reduced)
        }
        return draft.finished(inputBlocks: 2, outputBlocks: 2)
    }
}
