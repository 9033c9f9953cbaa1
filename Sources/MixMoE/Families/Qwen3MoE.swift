internal import MixPlanner

/// Qwen3-MoE and OLMoE: a softmax router, experts of three matrices, nothing else.
struct Qwen3MoE: MoEFamily {
    private let spec: ModelSpec
    private let source: any WeightSource
    private let prefix: String

    init(_ spec: ModelSpec, layer: Int, source: any WeightSource) {
        self.spec = spec
        self.source = source
        prefix = "model.layers.\(layer).mlp."
    }

    var router: String { prefix + "gate.weight" }

    func rule() -> any RoutingRule {
        SoftmaxRule(choices: spec.experts.choices, normalizes: spec.routing.normalizes)
    }

    func expert(_ index: Int) throws(MoEError) -> GatedWeights {
        try source.gated("\(prefix)experts.\(index).", width: spec.experts.width, hidden: spec.hidden)
    }
}
