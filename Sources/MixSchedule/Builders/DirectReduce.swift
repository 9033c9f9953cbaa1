extension Schedule {
    /// Reduction through mapped memory: the root reduces all inputs in rank order.
    ///
    /// One synchronisation before and one after, with the root only, which reads the data n times and writes it once.
    public static func directReduce(rank: Int, rankCount: Int, root: Int = 0) -> Schedule {
        var draft = ScheduleDraft(rank: rank, rankCount: rankCount)
        draft.readingAtRoot(root) { draft, main in
            let sources = (0..<rankCount).map { Slice(.input, rank: $0, block: 0) }
            draft.append(.reduce(from: sources, to: [draft.output(0)]), to: main)
        }
        return draft.finished(inputBlocks: 1, outputBlocks: 1)
    }
}
