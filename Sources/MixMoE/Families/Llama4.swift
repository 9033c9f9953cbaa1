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
        let both = try source.matrix(
            prefix + "experts.gate_up_proj", plane: index, of: count, rows: hidden, columns: 2 * width)
        let down = try source.matrix(
            prefix + "experts.down_proj", plane: index, of: count, rows: width, columns: hidden)
        return GatedWeights(
            gate: both.columns(0..<width).transposed, up: both.columns(width..<2 * width).transposed,
            down: down.transposed)
    }

    func sharedExpert() throws(MoEError) -> GatedWeights? {
        try source.gated(prefix + "shared_expert.", width: spec.experts.sharedWidth, hidden: spec.hidden)
    }
}
