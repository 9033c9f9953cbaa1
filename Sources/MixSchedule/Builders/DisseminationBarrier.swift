extension Schedule {
    /// Barrier in ⌈log₂ n⌉ rounds of empty messages: in round k each rank tells the one 2ᵏ places up that it is there.
    ///
    /// - Source: Hensgen, Finkel and Manber, "Two algorithms for barrier synchronization" (1988).
    public static func disseminationBarrier(rank: Int, rankCount: Int) -> Schedule {
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        let sending = draft.addStream("send")
        let receiving = draft.addStream("receive")
        let nothing = Slice.empty(rank: rank)
        var heard: ScheduleDraft.Completion?
        var distance = 1
        while distance < rankCount {
            draft.append(
                .send(nothing, to: (rank + distance) % rankCount), to: sending, after: [heard])
            heard = draft.append(
                .receive(nothing, from: (rank + rankCount - distance) % rankCount), to: receiving)
            distance *= 2
        }
        return draft.finished(inputBlocks: 0, outputBlocks: 0)
    }
}
