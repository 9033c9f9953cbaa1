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
        let both = try source.matrix(
            prefix + "experts.gate_up_proj", plane: index, of: count, rows: hidden, columns: 2 * width)
        let down = try source.matrix(
            prefix + "experts.down_proj", plane: index, of: count, rows: width, columns: hidden)
        let biases = try source.matrix(
            prefix + "experts.gate_up_proj_bias", rows: count, columns: 2 * width
        ).rows(index..<index + 1).everySecondColumn
        let downBias = try source.matrix(prefix + "experts.down_proj_bias", rows: count, columns: hidden)
        let halves = both.everySecondColumn
        return GatedWeights(
            gate: halves.even.transposed, up: halves.odd.transposed, down: down.transposed,
            gateBias: biases.even.firstRow, upBias: biases.odd.firstRow,
            downBias: downBias.rows(index..<index + 1).firstRow)
    }
}
