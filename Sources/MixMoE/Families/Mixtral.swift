internal import MixPlanner

/// Mixtral: weights always divided by their sum, and names of its own.
struct Mixtral: MoEFamily {
    private let spec: ModelSpec
    private let source: any WeightSource
    private let prefix: String

    init(_ spec: ModelSpec, layer: Int, source: any WeightSource) {
        self.spec = spec
        self.source = source
        prefix = "model.layers.\(layer).block_sparse_moe."
    }

    var router: String { prefix + "gate.weight" }

    func rule() -> any RoutingRule {
        SoftmaxRule(choices: spec.experts.choices, normalizes: true)
    }

    func expert(_ index: Int) throws(MoEError) -> GatedWeights {
        try source.gated(
            "\(prefix)experts.\(index).", width: spec.experts.width, hidden: spec.hidden, gate: "w1", up: "w3",
            down: "w2")
    }
}
