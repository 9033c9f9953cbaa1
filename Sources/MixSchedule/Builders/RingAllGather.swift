extension Schedule {
    /// All-gather on a ring: every block goes once round.
    ///
    /// n−1 rounds. Each rank sends (n−1)/n of the output, the least possible.
    ///
    /// - Parameters:
    ///   - rank: the rank that the schedule is for, from 0.
    ///   - rankCount: how many ranks take part.
    ///   - pieces: into how many pieces each block is cut, so that a rank forwards one while it receives the next.
    /// - Source: Patarasuk and Yuan (2009), second half.
    public static func ringAllGather(rank: Int, rankCount: Int, pieces: Int = 1) -> Schedule {
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        let local = draft.addStream("local")
        draft.append(.copy(from: draft.input(0), to: draft.output(rank)), to: local)
        let ring = draft.addRing(over: Array(0..<rankCount), named: "")
        draft.allGather(
            on: ring, pieces: pieces, own: draft.input(0),
            result: { Slice(.output, rank: rank, block: $0) })
        return draft.finished(inputBlocks: 1, outputBlocks: rankCount)
    }
}
