import MixMoE
public import MixPlanner

extension DecoderModel {
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
        do throws(MoEError) {
            try MoELayer.check(strategy, rankCount: strategy.ranksPerStage)
        } catch {
            throw .strategy(error.message)
        }
    }

    /// Whether the decoder knows a model's family, and all that its attention does.
    ///
    /// - Throws: ``DecoderError/unsupported(_:)``.
    public static func check(_ spec: ModelSpec) throws(DecoderError) {
        guard spec.family == .qwen3MoE || spec.family == .deepseekV3 else {
            throw .unsupported(
                "a model of family \(spec.family.rawValue); the decoder runs \(ModelFamily.qwen3MoE.rawValue) and "
                    + "\(ModelFamily.deepseekV3.rawValue)")
        }
        if let window = spec.attention.slidingWindow {
            throw .unsupported(
                "attention to the last \(window) tokens only (use_sliding_window); the decoder's attends to all of them"
            )
        }
    }
}
