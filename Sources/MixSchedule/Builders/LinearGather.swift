extension Schedule {
    /// Gather: every rank sends its block to the root, which receives them one after the other.
    ///
    /// n−1 messages of one block each, all at the root.
    public static func linearGather(rank: Int, rankCount: Int, root: Int = 0) -> Schedule {
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        let main = draft.addStream("main")
        if rank == root {
            for peer in draft.peers {
                draft.append(.receive(draft.output(peer), from: peer), to: main)
            }
            draft.append(.copy(from: draft.input(0), to: draft.output(root)), to: main)
        } else {
            draft.append(.send(draft.input(0), to: root), to: main)
        }
        return draft.finished(inputBlocks: 1, outputBlocks: rankCount)
    }
}
