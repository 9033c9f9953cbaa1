extension Schedule {
    /// Barrier through event counters in mapped memory: each rank signals and awaits all others. One synchronisation.
    public static func directBarrier(rank: Int, rankCount: Int) -> Schedule {
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        guard rankCount > 1 else { return draft.finished(inputBlocks: 0, outputBlocks: 0) }
        let main = draft.addStream("main")
        draft.append(.signal, to: main)
        draft.awaitAll(draft.peers, signals: 1, in: main)
        return draft.finished(inputBlocks: 0, outputBlocks: 0)
    }
}
