extension Schedule {
    /// All-reduce by recursive halving (reduce-scatter) and recursive doubling (all-gather), for any number of ranks.
    ///
    /// 2·log₂ n rounds. For a power of two each rank sends 2(n−1)/n of the data, the least possible. Otherwise the ranks
    /// beyond the largest power of two first hand all their data to a neighbour and get the result from it, which costs
    /// two more rounds of all the data.
    ///
    /// - Source: Thakur, Rabenseifner and Gropp, "Optimization of collective communication operations in MPICH" (2005).
    public static func recursiveHalvingDoublingAllReduce(rank: Int, rankCount: Int) -> Schedule {
        guard rankCount > 1 else { return .localCopy() }
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        let sending = draft.addStream("send")
        let receiving = draft.addStream("receive")
        var power = 1
        while power * 2 <= rankCount { power *= 2 }

        // Of the first 2·extra ranks the odd ones fold into the even ones, so that `power` ranks are left.
        let extra = rankCount - power
        func rankOfMember(_ member: Int) -> Int { member < extra ? 2 * member : member + extra }
        let isFolded = rank < 2 * extra
        let whole = 0..<power
        var arrived: ScheduleDraft.Completion?
        var own = Buffer.input
        func slice(_ buffer: Buffer, _ blocks: Range<Int>) -> Slice {
            Slice(buffer, rank: rank, block: blocks.lowerBound, blockCount: blocks.count)
        }
        if isFolded && rank % 2 == 1 {
            draft.append(.send(slice(.input, whole), to: rank - 1), to: sending)
            draft.append(.receive(slice(.output, whole), from: rank - 1), to: receiving)
            return draft.finished(inputBlocks: power, outputBlocks: power)
        }
        if isFolded {
            arrived = draft.append(
                .receiveReduce(
                    into: slice(.output, whole), with: slice(.input, whole), from: rank + 1),
                to: receiving)
            own = .output
        }

        // Halving: keep one half of the blocks, send the other. Near ranks first: they exchange the most.
        let member = isFolded ? rank / 2 : rank - extra
        var blocks = whole
        var path: [(partner: Int, sent: Range<Int>)] = []
        var distance = 1
        while distance < power {
            let middle = (blocks.lowerBound + blocks.upperBound) / 2
            let halves = [blocks.lowerBound..<middle, middle..<blocks.upperBound]
            let kept = halves[member & distance == 0 ? 0 : 1]
            let sent = halves[member & distance == 0 ? 1 : 0]
            let partner = rankOfMember(member ^ distance)
            draft.append(.send(slice(own, sent), to: partner), to: sending, after: [arrived])
            arrived = draft.append(
                .receiveReduce(into: slice(.output, kept), with: slice(own, kept), from: partner),
                to: receiving)
            own = .output
            blocks = kept
            path.append((partner, sent))
            distance *= 2
        }

        // Doubling: the same way back, with sums.
        for (partner, sent) in path.reversed() {
            draft.append(.send(slice(.output, blocks), to: partner), to: sending, after: [arrived])
            arrived = draft.append(.receive(slice(.output, sent), from: partner), to: receiving)
            blocks =
                min(blocks.lowerBound, sent.lowerBound)..<max(blocks.upperBound, sent.upperBound)
        }
        if isFolded {
            draft.append(.send(slice(.output, whole), to: rank + 1), to: sending, after: [arrived])
        }
        return draft.finished(inputBlocks: power, outputBlocks: power)
    }
}
