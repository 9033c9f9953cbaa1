extension Schedule {
    /// Broadcast on a binomial tree.
    ///
    /// ⌈log₂ n⌉ rounds. The root sends the data to ⌈log₂ n⌉ ranks, everyone together n−1 times.
    ///
    /// - Parameters:
    ///   - rank: the rank that the schedule is for, from 0.
    ///   - rankCount: how many ranks take part.
    ///   - root: the rank that has the data.
    ///   - pieces: into how many pieces the data is cut, so that a rank forwards one while it receives the next.
    /// - Source: Thakur, Rabenseifner and Gropp, "Optimization of collective communication operations in MPICH" (2005).
    public static func treeBroadcast(
        rank: Int, rankCount: Int, root: Int = 0, pieces: Int = 1
    ) -> Schedule {
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        if rank == root {
            let local = draft.addStream("local")
            draft.append(.copy(from: draft.input(0), to: draft.output(0)), to: local)
        }
        draft.broadcast(
            down: .binomial(rank: rank, ranks: Array(0..<rankCount), root: root), pieces: pieces,
            source: draft.input(0), result: draft.output(0))
        return draft.finished(inputBlocks: 1, outputBlocks: 1)
    }
}
