import MixMoE
public import MixPlanner

extension DecoderModel {
    /// Whether the decoder can run a model cut by a strategy with these options, as far as its configuration tells.
    ///
    /// - Throws: as ``check(_:_:rankCount:)``, and ``DecoderError/unsupported(_:)`` for more sequences than a pipeline takes.
    public static func check(
        _ spec: ModelSpec, _ strategy: Strategy, rankCount: Int, _ options: DecoderOptions
    ) throws(DecoderError) {
        try check(spec, strategy, rankCount: rankCount)
        guard strategy.pipeline == 1 || options.sequences <= PipelineLane.mostSequences else {
            throw .unsupported(
                "\(options.sequences) sequences of a group in a pipeline; \(PipelineLane.mostSequences) it takes")
        }
    }

    /// Whether the decoder can run a model cut by a strategy, as far as its configuration tells.
    ///
    /// - Throws: ``DecoderError/unsupported(_:)`` for another family; ``DecoderError/strategy(_:)`` for degrees that do not
    ///   divide what they cut.
    public static func check(_ spec: ModelSpec, _ strategy: Strategy, rankCount: Int) throws(DecoderError) {
        try check(spec)
        _ = try RankPlace(strategy, rank: 0, rankCount: rankCount)
        guard strategy.pipeline <= spec.layers else {
            throw .strategy("\"\(strategy)\" has more stages than the model has layers, which are \(spec.layers)")
        }
        let (tensor, experts) = (strategy.attention.tensor, strategy.experts)
        for (what, count, degree, name) in [
            ("attention heads", spec.attention.heads, tensor, "TP"),
            ("experts", spec.experts.count, experts.expert, "EP"),
            ("elements of an expert's width", spec.experts.width, experts.tensor, "TP"),
            ("elements of the shared experts' width", spec.experts.sharedWidth, experts.tensor, "TP"),
        ] where !count.isMultiple(of: degree) {
            throw .strategy("\"\(strategy)\" cuts \(count) \(what) into \(name)=\(degree) parts, which leaves a rest")
        }
        for (what, count) in [
            ("tokens of the vocabulary", spec.vocabulary), ("elements of dense layers", spec.denseWidth),
        ] {
            guard let count, count < tensor else { continue }
            throw .strategy("\"\(strategy)\" cuts \(count) \(what) into TP=\(tensor) parts, some of which are empty")
        }
        do throws(MoEError) {
            try MoELayer.check(strategy, rankCount: strategy.ranksPerStage)
        } catch {
            throw .strategy(error.message)
        }
    }

    /// Whether the decoder knows a model's family, and how it tells positions.
    ///
    /// - Throws: ``DecoderError/unsupported(_:)``.
    public static func check(_ spec: ModelSpec) throws(DecoderError) {
        guard spec.family == .qwen3MoE || spec.family == .deepseekV3 else {
            throw .unsupported(
                "a model of family \(spec.family.rawValue); the decoder runs \(ModelFamily.qwen3MoE.rawValue) and "
                    + "\(ModelFamily.deepseekV3.rawValue)")
        }
        _ = try RotaryEmbedding(spec.rotary, dimension: 2, positions: 0)
    }
}
