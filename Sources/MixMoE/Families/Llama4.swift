internal import MixPlanner

/// Llama 4: one expert per token, whose input is multiplied by the router's sigmoid; a shared expert; experts stored
/// together, [experts, in, out], with the gate in the first half of the columns.
struct Llama4: MoEFamily {
    private let spec: ModelSpec
    private let source: any WeightSource
    private let prefix: String

    init(_ spec: ModelSpec, layer: Int, source: any WeightSource) {
        self.spec = spec
        self.source = source
        // Checkpoints with vision keep the language model apart.
        let text = "model.layers.\(layer).feed_forward."
        prefix = source.contains("language_model.\(text)router.weight") ? "language_model.\(text)" : text
    }

    var router: String { prefix + "router.weight" }
    var weighsInput: Bool { true }

    func rule() -> any RoutingRule { SigmoidRule(choices: spec.experts.choices) }

    func expert(_ index: Int) throws(MoEError) -> GatedWeights {
        let (width, hidden, count) = (spec.experts.width, spec.hidden, spec.experts.count)
        func both(_ outputs: Checkpoint.FusedOutputs) throws(MoEError) -> StoredMatrix {
            try source.matrix(
                named: prefix + "experts.gate_up_proj", expert: index, expecting: [count, hidden, 2 * width],
                outputs: outputs)
        }
        return GatedWeights(
            gate: try both(.firstHalf), up: try both(.secondHalf),
            down: try source.matrix(
                named: prefix + "experts.down_proj", expert: index, expecting: [count, width, hidden], outputs: .all))
    }

    func sharedExpert() throws(MoEError) -> GatedWeights? {
        try source.gated(prefix + "shared_expert.", width: spec.experts.sharedWidth, hidden: spec.hidden)
    }
}
