import MixPlanner

/// What one rank has of a model: which layers, which group's tokens, and which of attention's heads.
struct RankPlace: Hashable {
    /// The pipeline stage. Stages are runs of adjacent ranks, and so of nodes.
    let stage: Int
    let stages: Int
    /// The data-parallel group.
    let group: Int
    /// The rank's number among those that share the group's heads.
    let shard: Int
    /// The rank's number among those with the same heads and tokens.
    let replica: Int
    /// Over how many ranks heads are spread.
    let shards: Int

    /// The place of `rank`, by the order that strategies have: where attention has fewer ranks than a stage, more have the
    /// same tokens.
    init(_ strategy: Strategy, rank: Int, rankCount: Int) throws(DecoderError) {
        let (attention, stageSize) = (strategy.attention, strategy.ranksPerStage)
        guard rankCount == strategy.rankCount else {
            throw .strategy("\"\(strategy)\" is for \(strategy.rankCount) ranks, and there are \(rankCount)")
        }
        (stage, stages) = (rank / stageSize, strategy.pipeline)
        let (rank, groupSize) = (rank % stageSize, stageSize / attention.data)
        group = attention.tensorIsInside ? rank / groupSize : rank % attention.data
        let member = attention.tensorIsInside ? rank % groupSize : rank / attention.data
        (shard, replica, shards) = (member % attention.tensor, member / attention.tensor, attention.tensor)
    }

    /// This shard's part of `count` things; parts differ by one at most.
    func part(of count: Int) -> Range<Int> { count * shard / shards..<count * (shard + 1) / shards }

    /// This stage's part of so many layers; parts differ by one at most.
    func layers(of count: Int) -> Range<Int> { count * stage / stages..<count * (stage + 1) / stages }

    var isFirst: Bool { stage == 0 }
    var isLast: Bool { stage == stages - 1 }
}
