import MixMoE
import MixPlanner

/// What a rank makes its part of one layer's attention of.
struct AttentionParts {
    let weights: ModelWeights
    let layer: Int
    let options: DecoderOptions
    let team: ThreadTeam
    /// The query heads of this rank.
    let heads: Range<Int>

    var spec: ModelSpec { weights.spec }

    private var prefix: String { "model.layers.\(layer).self_attn." }

    /// A projection, or some of its outputs.
    func linear(
        _ name: String, outputs: Int, inputs: Int? = nil, rows: Range<Int>? = nil, biased: Bool = false
    ) throws(MoEError) -> Linear {
        try Linear(
            weights, named: "\(prefix)\(name).weight", outputs: outputs, inputs: inputs ?? spec.hidden, rows: rows,
            bias: biased && spec.attention.hasBiases ? "\(prefix)\(name).bias" : nil, team: team,
            form: options.precision.weights)
    }

    /// The output projection of some inputs. A sum of parts has the bias once.
    func output(inputs: Int, columns: Range<Int>) throws(MoEError) -> Linear {
        try Linear(
            weights, named: "\(prefix)o_proj.weight", outputs: spec.hidden, inputs: inputs, columns: columns,
            bias: spec.attention.hasBiases && heads.lowerBound == 0 ? "\(prefix)o_proj.bias" : nil, team: team,
            form: options.precision.weights)
    }

    func norm(_ name: String, count: Int, epsilon: Double) throws(MoEError) -> RMSNorm {
        try RMSNorm(weights, named: "\(prefix)\(name).weight", count: count, epsilon: epsilon)
    }
}

extension Range<Int> {
    /// The elements of these heads, each of `width`.
    func times(_ width: Int) -> Range<Int> { lowerBound * width..<upperBound * width }
}
