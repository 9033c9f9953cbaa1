internal import MixPlanner

/// DeepSeek-V3 and R1, Kimi K2, GLM-4.5: sigmoid scores with a bias, limited to the best groups, and shared experts.
struct DeepSeekV3: MoEFamily {
    private let spec: ModelSpec
    private let source: any WeightSource
    private let prefix: String

    init(_ spec: ModelSpec, layer: Int, source: any WeightSource) {
        self.spec = spec
        self.source = source
        prefix = "model.layers.\(layer).mlp."
    }

    var router: String { prefix + "gate.weight" }

    func rule() throws(MoEError) -> any RoutingRule {
        GroupedSigmoidRule(
            choices: spec.experts.choices,
            bias: try source.vector(named: prefix + "gate.e_score_correction_bias", count: spec.experts.count),
            groups: spec.routing.groups, keptGroups: spec.routing.keptGroups, normalizes: spec.routing.normalizes,
            scale: Float(spec.routing.scale))
    }

    func expert(_ index: Int) throws(MoEError) -> GatedWeights {
        try source.gated("\(prefix)experts.\(index).", width: spec.experts.width, hidden: spec.hidden)
    }

    func sharedExpert() throws(MoEError) -> GatedWeights? {
        guard spec.experts.sharedWidth > 0 else { return nil }
        return try source.gated(prefix + "shared_experts.", width: spec.experts.sharedWidth, hidden: spec.hidden)
    }
}
