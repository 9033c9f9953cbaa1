extension Schedule {
    /// Reduce-scatter on a ring: each block collects its sum on the way to the rank that it belongs to.
    ///
    /// n−1 rounds. Each rank sends (n−1)/n of its input, the least possible. Sums in transit pass through scratch memory.
    ///
    /// - Parameters:
    ///   - rank: the rank that the schedule is for, from 0.
    ///   - rankCount: how many ranks take part.
    ///   - pieces: into how many pieces each block is cut, so that a rank forwards one while it receives the next.
    /// - Source: Patarasuk and Yuan (2009), first half.
    public static func ringReduceScatter(rank: Int, rankCount: Int, pieces: Int = 1) -> Schedule {
        guard rankCount > 1 else { return .localCopy() }
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        let ring = draft.addRing(over: Array(0..<rankCount), named: "")
        _ = draft.reduceScatter(
            on: ring, pieces: pieces,
            own: { Slice(.input, rank: rank, block: $0) },
            partial: { Slice(.scratch, rank: rank, block: $0) },
            result: Slice(.output, rank: rank, block: 0))
        return draft.finished(
            inputBlocks: rankCount, outputBlocks: 1, scratchBlocks: rankCount > 2 ? rankCount : 0)
    }
}
