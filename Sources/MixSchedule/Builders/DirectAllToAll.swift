extension Schedule {
    /// All-to-all through mapped memory: each rank copies its block of every input, beginning with its own and going up.
    ///
    /// Two synchronisations. Each rank reads and writes n blocks. With layouts by counts this is all-to-all-v; the layouts
    /// of the peers' inputs must then be known.
    public static func directAllToAll(rank: Int, rankCount: Int) -> Schedule {
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        draft.amongMappedPeers { draft, main in
            for peer in [rank] + draft.peers {
                draft.append(
                    .copy(from: Slice(.input, rank: peer, block: rank), to: draft.output(peer)),
                    to: main)
            }
        }
        return draft.finished(inputBlocks: rankCount, outputBlocks: rankCount)
    }
}
