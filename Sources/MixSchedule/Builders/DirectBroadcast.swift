extension Schedule {
    /// Broadcast through mapped memory: each rank copies the root's input.
    ///
    /// One synchronisation before and one after, with the root only. Every rank reads and writes the data once.
    public static func directBroadcast(rank: Int, rankCount: Int, root: Int = 0) -> Schedule {
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        draft.readingFromRoot(root) { draft, main in
            draft.append(
                .copy(from: Slice(.input, rank: root, block: 0), to: draft.output(0)), to: main)
        }
        return draft.finished(inputBlocks: 1, outputBlocks: 1)
    }
}
