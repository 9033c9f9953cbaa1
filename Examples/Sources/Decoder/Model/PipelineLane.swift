import MixCollectives

/// The ranks with the same place in each stage of a pipeline, between which hidden states go forward and tokens back.
struct PipelineLane {
    /// What messages are about, so that they may pass each other.
    enum Message: UInt32 {
        case number, hidden, tokens
    }

    /// Tokens of one message: 4 KiB go unasked over every transport, so that no stage waits here for one that waits for it.
    private static let tokensPerMessage = 1024
    /// Sequences of a group at most: so many tokens fit into shared memory before anybody reads them.
    static let mostSequences = 8192

    /// A rank per stage, in order; nil without a pipeline.
    private let stages: Communicator?

    /// Collective over the ranks of all stages.
    init(_ world: Communicator, _ place: RankPlace) throws(CollectiveError) {
        let stageSize = world.size / place.stages
        stages = place.stages > 1 ? try world.split(color: world.rank % stageSize, key: place.stage) : nil
        // A stage waits for what all others compute, one after the other.
        stages?.timeout = world.timeout * place.stages
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
        guard let stages else { return }
        for first in stride(from: 0, to: tokens.count, by: Self.tokensPerMessage) {
            let some = tokens[first..<min(first + Self.tokensPerMessage, tokens.count)].map { Int32($0) }
            for stage in 0..<stages.rank { try stages.send(some, to: stage, tag: Message.tokens.rawValue) }
        }
    }

    /// Waits for so many of the last stage's tokens.
    func awaitTokens(_ count: Int) throws(CollectiveError) -> [Int] {
        guard let stages else { return [] }
        var tokens: [Int] = []
        while tokens.count < count {
            var some = [Int32](repeating: 0, count: min(Self.tokensPerMessage, count - tokens.count))
            try stages.receive(&some, from: stages.size - 1, tag: Message.tokens.rawValue)
            tokens += some.map { Int($0) }
        }
        return tokens
    }

    /// Ends this rank's part; ranks of its node that wait for it are told at once.
    func close() { stages?.close() }
}
