extension ModelSpec {
    /// How many numbers a model has, part by part.
    public struct Parameters: Sendable, Hashable {
        /// Projections, their biases and norms, of one layer's attention.
        public var attention: Int
        /// The router of one layer, with its biases.
        public var router: Int
        /// One routed expert.
        public var expert: Int
        /// All shared experts of one layer, with their gate.
        public var shared: Int
        /// A dense block.
        public var dense: Int
        /// The two norms of a layer.
        public var norms: Int
        /// The embedding.
        public var embedding: Int
        /// The output layer, 0 where it is the embedding, and the last norm.
        public var output: Int
        /// Everything.
        public var total: Int
        /// What one token is multiplied by or looked up in: all but the experts that it has not chosen.
        public var active: Int
    }

    /// How many numbers the model has. Layers for prediction of several tokens are not counted.
    public var parameters: Parameters {
        let gate = experts.hasSharedGate ? hidden : 0
        // gpt-oss has biases on everything; DeepSeek-V3 and GLM-4.5 have one that corrects selection.
        let hasRouterBias = [.gptOSS, .deepseekV3, .glm4MoE].contains(family)
        let expertBiases = family == .gptOSS ? 2 * experts.width + hidden : 0
        let expert = 3 * hidden * experts.width + expertBiases
        let router = hidden * experts.count + (hasRouterBias ? experts.count : 0)
        let shared = 3 * hidden * experts.sharedWidth + gate
        let dense = 3 * hidden * (denseWidth ?? 0)
        let embedding = vocabulary * hidden
        let output = (tiesEmbeddings ? 0 : embedding) + hidden
        let attention = attentionParameters
        func count(experts chosen: Int) -> Int {
            embedding + output + layers * (attention + 2 * hidden) + denseLayers.count * dense
                + moeLayerCount * (router + shared + chosen * expert)
        }
        return Parameters(
            attention: attention, router: router, expert: expert, shared: shared, dense: dense, norms: 2 * hidden,
            embedding: embedding, output: output, total: count(experts: experts.count),
            active: count(experts: experts.choices))
    }

    private var attentionParameters: Int {
        let attention = attention
        if let latent = attention.latent {
            let queries = attention.heads * attention.headDimension
            let query = latent.queryRank.map { hidden * $0 + $0 + $0 * queries } ?? hidden * queries
            let compressed = hidden * (latent.keyValueRank + latent.rotatedDimension) + latent.keyValueRank
            let expanded =
                latent.keyValueRank * attention.heads * (latent.unrotatedDimension + latent.valueDimension)
            return query + compressed + expanded + attention.heads * latent.valueDimension * hidden
        }
        let queries = attention.heads * attention.headDimension
        let keys = attention.keyValueHeads * attention.headDimension
        let norms =
            switch attention.normalization {
            case .none, .withoutWeights: 0
            case .perHead: 2 * attention.headDimension
            case .acrossHeads: queries + keys
            }
        return 2 * hidden * (queries + keys) + norms + (attention.hasBiases ? queries + 2 * keys : 0)
            + (attention.hasOutputBias ? hidden : 0) + (attention.hasSinks ? attention.heads : 0)
    }

    /// Numbers that attention keeps of one token in one layer: keys and values, or the compressed latent.
    public var keyValueElementsPerLayer: Int {
        if let latent = attention.latent { return latent.keyValueRank + latent.rotatedDimension }
        return 2 * attention.keyValueHeads * attention.headDimension
    }

    /// Bytes that attention keeps of one token in all layers.
    public func keyValueBytesPerToken(_ format: NumberFormat = .bfloat16) -> Double {
        Double(layers * keyValueElementsPerLayer) * format.bytes
    }
}
