extension Schedule {
    /// Gather through mapped memory: the root copies all inputs.
    ///
    /// One synchronisation before and one after, with the root only, which reads and writes n blocks.
    public static func directGather(rank: Int, rankCount: Int, root: Int = 0) -> Schedule {
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        draft.readingAtRoot(root) { draft, main in
            for peer in [rank] + draft.peers {
                draft.append(
                    .copy(from: Slice(.input, rank: peer, block: 0), to: draft.output(peer)),
                    to: main)
            }
        }
        return draft.finished(inputBlocks: 1, outputBlocks: rankCount)
    }
}
