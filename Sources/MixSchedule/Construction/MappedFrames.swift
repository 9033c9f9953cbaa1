extension ScheduleDraft {
    /// Appends the frame that all symmetric collectives through mapped memory share: no peer is touched before it has
    /// entered, and no rank leaves before all have finished with its memory.
    ///
    /// - Parameter work: appends what to do in between; called after all peers have entered.
    mutating func amongMappedPeers(_ work: (inout ScheduleDraft, _ stream: Int) -> Void) {
        let main = addStream("main")
        guard rankCount > 1 else { return work(&self, main) }
        append(.signal, to: main)
        awaitAll(peers, signals: 1, in: main)
        work(&self, main)
        append(.signal, to: main)
        awaitAll(peers, signals: 2, in: main)
    }

    /// Appends the frame in which everyone reads the root's memory: it leaves last.
    mutating func readingFromRoot(
        _ root: Int, _ work: (inout ScheduleDraft, _ stream: Int) -> Void
    ) {
        let main = addStream("main")
        guard rankCount > 1 else { return work(&self, main) }
        if rank == root {
            append(.signal, to: main)
            work(&self, main)
            awaitAll(peers, signals: 1, in: main)
        } else {
            append(.await(rank: root, signals: 1), to: main)
            work(&self, main)
            append(.signal, to: main)
        }
    }

    /// Appends the frame in which the root reads everyone's memory: `work` is what the root does, and it leaves first.
    mutating func readingAtRoot(
        _ root: Int, _ work: (inout ScheduleDraft, _ stream: Int) -> Void
    ) {
        let main = addStream("main")
        guard rankCount > 1 else { return work(&self, main) }
        if rank == root {
            awaitAll(peers, signals: 1, in: main)
            work(&self, main)
            append(.signal, to: main)
        } else {
            append(.signal, to: main)
            append(.await(rank: root, signals: 1), to: main)
        }
    }
}
