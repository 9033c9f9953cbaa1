import MixMoE
import MixPlanner

/// One layer: attention, then a dense block or experts, each behind a norm and added to what came in.
struct DecoderLayer<Element: DecoderElement> {
    let attentionNorm: RMSNorm
    let attention: any Attention<Element>
    let blockNorm: RMSNorm
    /// The dense block, where there are no experts.
    let dense: GatedMLP?
    /// The experts, which all ranks load together once each has the rest.
    var experts: MoELayer?

    /// Loads what this rank has by itself: all but the experts.
    init(_ parts: AttentionParts, _ rotary: RotaryEmbedding, _ place: RankPlace) throws(MoEError) {
        let (weights, spec, prefix) = (parts.weights, parts.spec, "model.layers.\(parts.layer).")
        func norm(_ name: String) throws(MoEError) -> RMSNorm {
            try RMSNorm(weights, named: "\(prefix)\(name).weight", count: spec.hidden, epsilon: spec.normEpsilon)
        }
        attentionNorm = try norm("input_layernorm")
        attention =
            if let latent = spec.attention.latent {
                try LatentAttention<Element>(parts, latent, rotary)
            } else {
                try GroupedQueryAttention<Element>(parts, rotary)
            }
        blockNorm = try norm("post_attention_layernorm")
        dense =
            spec.isMoELayer(parts.layer)
            ? nil
            : try GatedMLP(
                weights, prefix: prefix + "mlp.", width: spec.denseWidth!, part: place.part(of: spec.denseWidth!),
                team: parts.team, form: parts.options.precision.weights)
    }
}
