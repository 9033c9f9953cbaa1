import MixPlanner

/// What one rank has of attention: which group's tokens, and which of its heads.
struct RankPlace: Hashable {
    /// The data-parallel group.
    let group: Int
    /// The rank's number among those that share the group's heads.
    let shard: Int
    /// The rank's number among those with the same heads and tokens.
    let replica: Int
    /// Over how many ranks heads are spread.
    let shards: Int

    /// The place of `rank` in one pipeline stage of `rankCount` ranks, by the order that strategies have: where attention has
    /// fewer ranks, more have the same tokens.
    init(_ strategy: Strategy, rank: Int, rankCount: Int) throws(DecoderError) {
        let attention = strategy.attention
        guard strategy.pipeline == 1 else {
            throw .unsupported("pipeline parallelism; \"\(strategy)\" has \(strategy.pipeline) stages")
        }
        guard rankCount == strategy.ranksPerStage else {
            throw .strategy("\"\(strategy)\" is for \(strategy.ranksPerStage) ranks, and there are \(rankCount)")
        }
        let groupSize = rankCount / attention.data
        group = attention.tensorIsInside ? rank / groupSize : rank % attention.data
        let member = attention.tensorIsInside ? rank % groupSize : rank / attention.data
        (shard, replica, shards) = (member % attention.tensor, member / attention.tensor, attention.tensor)
    }

    /// This shard's part of `count` things; parts differ by one at most.
    func part(of count: Int) -> Range<Int> { count * shard / shards..<count * (shard + 1) / shards }
}
