extension Schedule {
    /// All-to-all in n−1 rounds: in round i each rank sends to the one i places up and receives from the one i places down.
    ///
    /// Each rank sends (n−1)/n of its input, the least possible. With layouts by counts this is all-to-all-v.
    ///
    /// - Source: Thakur, Rabenseifner and Gropp, "Optimization of collective communication operations in MPICH" (2005).
    public static func pairwiseAllToAll(rank: Int, rankCount: Int) -> Schedule {
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        let local = draft.addStream("local")
        let sending = draft.addStream("send")
        let receiving = draft.addStream("receive")
        draft.append(.copy(from: draft.input(rank), to: draft.output(rank)), to: local)
        for peer in draft.peers {
            draft.append(.send(draft.input(peer), to: peer), to: sending)
        }
        for peer in draft.peers.reversed() {
            draft.append(.receive(draft.output(peer), from: peer), to: receiving)
        }
        return draft.finished(inputBlocks: rankCount, outputBlocks: rankCount)
    }
}
