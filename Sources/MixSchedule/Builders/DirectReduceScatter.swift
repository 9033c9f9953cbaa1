extension Schedule {
    /// Reduce-scatter through mapped memory: each rank reduces its block out of all inputs, in rank order.
    ///
    /// Two synchronisations. Each rank reads n blocks and writes one.
    public static func directReduceScatter(rank: Int, rankCount: Int) -> Schedule {
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        draft.amongMappedPeers { draft, main in
            let sources = (0..<rankCount).map { Slice(.input, rank: $0, block: rank) }
            draft.append(.reduce(from: sources, to: [draft.output(0)]), to: main)
        }
        return draft.finished(inputBlocks: rankCount, outputBlocks: 1)
    }
}
