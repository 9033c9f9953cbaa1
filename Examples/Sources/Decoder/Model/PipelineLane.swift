import MixCollectives
import MixPlanner

/// The ranks with the same place in each stage of a pipeline, between which hidden states go forward and tokens back.
struct PipelineLane {
    /// What messages are about, so that they may pass each other.
    enum Message: UInt32 {
        case number, hidden, tokens
    }

    private let world: Communicator
    private let stageSize: Int
    private let place: RankPlace

    init(_ world: Communicator, _ strategy: Strategy, _ place: RankPlace) {
        (self.world, self.place, stageSize) = (world, place, strategy.ranksPerStage)
    }

    /// Sends to the next stage.
    func handOn<Memory: CollectiveMemory & ~Copyable & ~Escapable>(
        _ memory: borrowing Memory, _ message: Message
    ) throws(CollectiveError) {
        try world.send(memory, to: world.rank + stageSize, tag: message.rawValue)
    }

    /// Receives from the stage before.
    func takeOver<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ memory: inout Memory, _ message: Message
    ) throws(CollectiveError) {
        try world.receive(&memory, from: world.rank - stageSize, tag: message.rawValue)
    }

    /// Sends the last stage's tokens to all others.
    func announce(_ tokens: [Int]) throws(CollectiveError) {
        let tokens = tokens.map { Int32($0) }
        for stage in 1..<max(1, place.stages) where !tokens.isEmpty {
            try world.send(tokens, to: world.rank - stage * stageSize, tag: Message.tokens.rawValue)
        }
    }

    /// Waits for so many of the last stage's tokens.
    func awaitTokens(_ count: Int) throws(CollectiveError) -> [Int] {
        var tokens = [Int32](repeating: 0, count: count)
        guard count > 0 else { return [] }
        let last = world.rank + (place.stages - 1 - place.stage) * stageSize
        try world.receive(&tokens, from: last, tag: Message.tokens.rawValue)
        return tokens.map { Int($0) }
    }
}
