extension Schedule {
    /// All-gather through mapped memory: each rank copies every input.
    ///
    /// Two synchronisations. Each rank reads and writes n blocks.
    public static func directAllGather(rank: Int, rankCount: Int) -> Schedule {
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        draft.amongMappedPeers { draft, main in
            for peer in [rank] + draft.peers {
                draft.append(
                    .copy(from: Slice(.input, rank: peer, block: 0), to: draft.output(peer)),
                    to: main)
            }
        }
        return draft.finished(inputBlocks: 1, outputBlocks: rankCount)
    }
}
