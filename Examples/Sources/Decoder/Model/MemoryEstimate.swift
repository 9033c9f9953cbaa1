public import MixPlanner

/// What one rank of a model, with the layers of its pipeline stage, will hold, in bytes, by its configuration alone.
public struct MemoryEstimate: Sendable, Hashable {
    /// Weights. Embeddings stay in their file.
    public var weights: Int
    /// Keys and values, when all slots are full.
    public var cache: Int
    /// Rows of one step between products.
    public var rows: Int

    /// All of it.
    public var total: Int { weights + cache + rows }

    /// Counts.
    ///
    /// - Parameter stepTokens: tokens of one step of a group.
    /// - Throws: ``DecoderError`` for strategies that don't fit.
    public init(
        _ spec: ModelSpec, _ strategy: Strategy, rank: Int, rankCount: Int, _ options: DecoderOptions, stepTokens: Int
    ) throws(DecoderError) {
        let place = try RankPlace(strategy, rank: rank, rankCount: rankCount)
        let (hidden, attention) = (spec.hidden, spec.attention)
        let layers = place.layers(of: spec.layers)
        let moeLayers = layers.count(where: spec.isMoELayer)
        let rounds = options.precision == .bfloat16
        func bytes(_ elements: Int, _ stored: Double) -> Double {
            Double(elements) * (rounds ? min(stored, 2) : stored)
        }
        let heads = place.part(of: attention.heads).count

        var perLayer = 0.0
        let rowElements: Int
        if let latent = attention.latent {
            let width = latent.unrotatedDimension + latent.rotatedDimension
            let row = latent.keyValueRank + latent.rotatedDimension
            let queries =
                latent.queryRank.map { $0 * (hidden + heads * width) } ?? hidden * heads * width
            perLayer += bytes(
                queries + hidden * row + hidden * heads * latent.valueDimension, spec.weights.layerBytes)
            // Both halves of the matrix behind the latents are kept in float32.
            perLayer += Double(4 * heads * latent.keyValueRank * (latent.unrotatedDimension + latent.valueDimension))
            rowElements = row
        } else {
            let keyHeads = max(1, heads * attention.keyValueHeads / attention.heads)
            let width = attention.headDimension
            perLayer += bytes(2 * hidden * (heads + keyHeads) * width, spec.weights.layerBytes)
            rowElements = 2 * keyHeads * width
        }
        var weights = Double(layers.count) * perLayer
        let (parts, lanes) = (strategy.experts.expert, strategy.experts.tensor)
        let experts = (spec.experts.count + parts - 1) / parts * 3 * hidden * (spec.experts.width / lanes)
        let others = 3 * hidden * spec.experts.sharedWidth / lanes
        let router = hidden * spec.experts.count
        weights +=
            Double(moeLayers)
            * (bytes(experts, spec.weights.expertBytes) + bytes(others, spec.weights.layerBytes)
                + bytes(router, spec.weights.plain.bytes))
        let dense = 3 * hidden * place.part(of: spec.denseWidth ?? 0).count
        weights += Double(layers.count - moeLayers) * bytes(dense, spec.weights.layerBytes)
        if place.isLast {
            weights += bytes(place.part(of: spec.vocabulary).count * hidden, spec.weights.plain.bytes)
        }
        self.weights = Self.whole(weights)

        let element = rounds ? 2 : 4
        cache = Self.whole(
            Double(layers.count * rowElements * element) * Double(options.sequences) * Double(options.context))
        // Hidden states in float32, rows in and out, and what a token's experts are sent and give back.
        rows = Self.whole(
            Double(stepTokens) * Double(hidden * (4 + element * (2 + 2 * spec.experts.choices / max(1, parts)))))
    }

    /// No machine has more than 100 TB, and many ranks' parts still have a sum.
    private static func whole(_ bytes: Double) -> Int { Int(min(bytes, 1e14)) }
}
