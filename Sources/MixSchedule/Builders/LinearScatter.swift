extension Schedule {
    /// Scatter: the root sends every rank its block, one after the other.
    ///
    /// n−1 messages of one block each, all at the root.
    public static func linearScatter(rank: Int, rankCount: Int, root: Int = 0) -> Schedule {
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        let main = draft.addStream("main")
        if rank == root {
            for peer in draft.peers {
                draft.append(.send(draft.input(peer), to: peer), to: main)
            }
            draft.append(.copy(from: draft.input(root), to: draft.output(0)), to: main)
        } else {
            draft.append(.receive(draft.output(0), from: root), to: main)
        }
        return draft.finished(inputBlocks: rankCount, outputBlocks: 1)
    }
}
