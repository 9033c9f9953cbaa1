import MixCollectives

/// The ranks with the same place in each stage of a pipeline, between which hidden states go forward and tokens back.
struct PipelineLane {
    /// What messages are about, so that they may pass each other.
    enum Message: UInt32 {
        case number, hidden, tokens
    }

    /// A rank per stage, in order; nil without a pipeline.
    private let stages: Communicator?

    /// Collective over the ranks of all stages.
    init(_ world: Communicator, _ place: RankPlace) throws(CollectiveError) {
        let stageSize = world.size / place.stages
        stages = place.stages > 1 ? try world.split(color: world.rank % stageSize, key: place.stage) : nil
    }

    /// Sends to the next stage, if there is one.
    func handOn<Memory: CollectiveMemory & ~Copyable & ~Escapable>(
        _ memory: borrowing Memory, _ message: Message
    ) throws(CollectiveError) {
        guard let stages, stages.rank + 1 < stages.size else { return }
        try stages.send(memory, to: stages.rank + 1, tag: message.rawValue)
    }

    /// Receives from the stage before, if there is one.
    func takeOver<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ memory: inout Memory, _ message: Message
    ) throws(CollectiveError) {
        guard let stages, stages.rank > 0 else { return }
        try stages.receive(&memory, from: stages.rank - 1, tag: message.rawValue)
    }

    /// Sends the last stage's tokens to all others.
    func announce(_ tokens: [Int]) throws(CollectiveError) {
        guard let stages, !tokens.isEmpty else { return }
        let tokens = tokens.map { Int32($0) }
        for stage in 0..<stages.rank { try stages.send(tokens, to: stage, tag: Message.tokens.rawValue) }
    }

    /// Waits for so many of the last stage's tokens.
    func awaitTokens(_ count: Int) throws(CollectiveError) -> [Int] {
        var tokens = [Int32](repeating: 0, count: count)
        guard let stages, count > 0 else { return [] }
        try stages.receive(&tokens, from: stages.size - 1, tag: Message.tokens.rawValue)
        return tokens.map { Int($0) }
    }

    /// Ends this rank's part; ranks of its node that wait for it are told at once.
    func close() { stages?.close() }
}
