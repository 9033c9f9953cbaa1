/// What a strategy's attention block decides alone: groups, and weights and cache of a rank.
struct AttentionLayout: Sendable {
    let attention: Strategy.Attention
    /// The ranks that share one request's heads.
    let group: GroupShape
    /// Ranks that hold the same hidden states: d_TP, and as many times that as attention is replicated.
    let holders: Int
    /// Weights of a rank in each layer. Keys' and values' heads are repeated where there are fewer than ranks; what makes latents
    /// is on every rank.
    let weights: Double
    /// Query heads of a rank.
    let heads: Double
    /// Numbers that a rank keeps per token and layer.
    let keyValues: Double
    /// Of these, and of queries and weights, what one pair of tokens multiplies: when many tokens are added at once.
    let pairPrefill: Double
    /// The same when one is: latent attention then works on latents.
    let pairDecode: Double

    init?(_ attention: Strategy.Attention, ranksPerStage: Int, ranksPerNode: Int, model: ModelSpec) {
        let stride = attention.tensorIsInside ? 1 : attention.data
        guard let group = GroupShape(size: attention.tensor, stride: stride, ranksPerNode: ranksPerNode) else {
            return nil
        }
        self.attention = attention
        self.group = group
        holders = ranksPerStage / attention.data
        let (spec, degree, hidden) = (model.attention, Double(attention.tensor), Double(model.hidden))
        heads = Double(spec.heads) / degree
        let queries = Double(spec.heads * spec.headDimension)
        if let latent = spec.latent {
            let rank = Double(latent.keyValueRank)
            let values = Double(spec.heads * latent.valueDimension)
            let shared = hidden * (rank + Double(latent.rotatedDimension) + Double(latent.queryRank ?? 0))
            let expanded = rank * (Double(spec.heads * latent.unrotatedDimension) + values)
            weights =
                shared + (Double(latent.queryRank ?? model.hidden) * queries + expanded + values * hidden) / degree
            keyValues = Double(model.keyValueElementsPerLayer)
            pairPrefill = heads * Double(spec.headDimension + latent.valueDimension)
            pairDecode = heads * (2 * rank + Double(latent.rotatedDimension))
        } else {
            let keyHeads = max(1, Double(spec.keyValueHeads) / degree)
            weights = 2 * hidden * (queries / degree + keyHeads * Double(spec.headDimension))
            keyValues = 2 * keyHeads * Double(spec.headDimension)
            pairPrefill = 2 * heads * Double(spec.headDimension)
            pairDecode = pairPrefill
        }
    }
}
