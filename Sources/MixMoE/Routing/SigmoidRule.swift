import Foundation

/// The k greatest, each weighted by the sigmoid of its own logit. Llama 4.
struct SigmoidRule: RoutingRule {
    let choices: Int

    func choose(
        _ logits: UnsafeBufferPointer<Float>, scratch: UnsafeMutableBufferPointer<Float>,
        experts: UnsafeMutableBufferPointer<Int32>, weights: UnsafeMutableBufferPointer<Float>
    ) {
        logits.greatest(experts)
        for (index, expert) in experts.enumerated() { weights[index] = Self.sigmoid(logits[Int(expert)]) }
    }

    /// 1 / (1 + e⁻ˣ), which overflows for no x.
    static func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }
}
