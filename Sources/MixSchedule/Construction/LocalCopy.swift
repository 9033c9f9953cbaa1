extension Schedule {
    /// What most operations are with one rank.
    static func localCopy() -> Schedule {
        var draft = ScheduleDraft(rank: 0, rankCount: 1)
        let main = draft.addStream("main")
        draft.append(.copy(from: draft.input(0), to: draft.output(0)), to: main)
        return draft.finished(inputBlocks: 1, outputBlocks: 1)
    }
}
