extension Schedule {
    /// All-reduce through mapped memory: each rank reduces one block out of all inputs, in rank order, into all outputs.
    ///
    /// Two synchronisations. Each rank reads and writes n blocks of 1/n of the data; nothing is staged.
    public static func directAllReduce(rank: Int, rankCount: Int) -> Schedule {
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        draft.amongMappedPeers { draft, main in
            let ranks = 0..<rankCount
            draft.append(
                .reduce(
                    from: ranks.map { Slice(.input, rank: $0, block: rank) },
                    to: ranks.map { Slice(.output, rank: $0, block: rank) }),
                to: main)
        }
        return draft.finished(inputBlocks: rankCount, outputBlocks: rankCount)
    }
}
