extension Schedule {
    /// All-reduce on a ring: a reduce-scatter in which every block collects its sum, then an all-gather of the sums.
    ///
    /// 2(n−1) rounds. Each rank sends 2(n−1)/n of the data, which no algorithm can undercut; the number of rounds makes it
    /// an algorithm for large messages. The input is read where it lies: nothing is copied.
    ///
    /// - Parameters:
    ///   - rank: the rank that the schedule is for, from 0.
    ///   - rankCount: how many ranks take part.
    ///   - pieces: into how many pieces each block is cut, so that a rank forwards one while it receives the next.
    /// - Source: Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations" (2009).
    public static func ringAllReduce(rank: Int, rankCount: Int, pieces: Int = 1) -> Schedule {
        guard rankCount > 1 else { return .localCopy() }
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        let ring = draft.addRing(over: Array(0..<rankCount), named: "")
        draft.allReduce(
            on: ring, pieces: pieces,
            own: { Slice(.input, rank: rank, block: $0) },
            result: { Slice(.output, rank: rank, block: $0) })
        return draft.finished(inputBlocks: rankCount, outputBlocks: rankCount)
    }
}

extension ScheduleDraft {
    /// Reduce-scatter and all-gather on one ring, with blocks of `own` and `result` by position on the ring.
    ///
    /// - Parameter ready: when this rank's contribution to a block is there, if not from the start.
    /// - Returns: when each piece of all blocks is there.
    @discardableResult
    mutating func allReduce(
        on ring: Ring, pieces: Int = 1, own: (Int) -> Slice, result: (Int) -> Slice,
        ready: (Int) -> Completion? = { _ in nil }
    ) -> [Completion?] {
        let home = result(ring.position)
        let reduced = reduceScatter(
            on: ring, pieces: pieces, own: own, partial: result, result: home,
            ready: { block, _ in ready(block) })
        return allGather(on: ring, pieces: pieces, own: home, result: result, ready: reduced)
    }
}
