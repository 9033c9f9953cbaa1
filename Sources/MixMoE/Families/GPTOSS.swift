internal import MixPlanner

/// gpt-oss, unquantised: biases everywhere, a clamped activation; experts stored together, [experts, in, out], with the gate
/// in the even columns.
struct GPTOSS: MoEFamily {
    private let spec: ModelSpec
    private let source: any WeightSource
    private let prefix: String

    init(_ spec: ModelSpec, layer: Int, source: any WeightSource) {
        self.spec = spec
        self.source = source
        prefix = "model.layers.\(layer).mlp."
    }

    var router: String { prefix + "router.weight" }
    var routerBias: String? { prefix + "router.bias" }
    var activation: ExpertActivation {
        .clampedSwiGLU(alpha: Float(spec.swiGLU!.alpha), limit: Float(spec.swiGLU!.limit))
    }

    func rule() -> any RoutingRule {
        SoftmaxRule(choices: spec.experts.choices, normalizes: true)
    }

    func expert(_ index: Int) throws(MoEError) -> GatedWeights {
        let (width, hidden, count) = (spec.experts.width, spec.hidden, spec.experts.count)
        func both(_ outputs: Checkpoint.FusedOutputs) throws(MoEError) -> StoredMatrix {
            try source.matrix(
                named: prefix + "experts.gate_up_proj", expert: index, expecting: [count, hidden, 2 * width],
                outputs: outputs)
        }
        let biases = try source.vector(
            named: prefix + "experts.gate_up_proj_bias", row: index, of: count, count: 2 * width)
        return GatedWeights(
            gate: try both(.even), up: try both(.odd),
            down: try source.matrix(
                named: prefix + "experts.down_proj", expert: index, expecting: [count, width, hidden], outputs: .all),
            gateBias: (0..<width).map { biases[2 * $0] }, upBias: (0..<width).map { biases[2 * $0 + 1] },
            downBias: try source.vector(
                named: prefix + "experts.down_proj_bias", row: index, of: count, count: hidden))
    }
}
