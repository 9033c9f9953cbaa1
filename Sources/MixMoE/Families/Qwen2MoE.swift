internal import MixPlanner

/// Qwen2-MoE: Qwen3-MoE, and a shared expert behind a gate of its own.
struct Qwen2MoE: MoEFamily {
    private let spec: ModelSpec
    private let source: any WeightSource
    private let prefix: String
    private let routed: Qwen3MoE

    init(_ spec: ModelSpec, layer: Int, source: any WeightSource) {
        self.spec = spec
        self.source = source
        prefix = "model.layers.\(layer).mlp."
        routed = Qwen3MoE(spec, layer: layer, source: source)
    }

    var router: String { routed.router }
    var sharedGate: String? { prefix + "shared_expert_gate.weight" }

    func rule() -> any RoutingRule { routed.rule() }

    func expert(_ index: Int) throws(MoEError) -> GatedWeights {
        try routed.expert(index)
    }

    func sharedExpert() throws(MoEError) -> GatedWeights? {
        try source.gated(prefix + "shared_expert.", width: spec.experts.sharedWidth, hidden: spec.hidden)
    }
}
