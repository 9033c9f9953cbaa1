extension Schedule {
    /// Scatter through mapped memory: each rank copies its block of the root's input.
    ///
    /// One synchronisation before and one after, with the root only. Every rank reads and writes one block.
    public static func directScatter(rank: Int, rankCount: Int, root: Int = 0) -> Schedule {
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        draft.readingFromRoot(root) { draft, main in
            draft.append(
                .copy(from: Slice(.input, rank: root, block: rank), to: draft.output(0)), to: main)
        }
        return draft.finished(inputBlocks: rankCount, outputBlocks: 1)
    }
}
