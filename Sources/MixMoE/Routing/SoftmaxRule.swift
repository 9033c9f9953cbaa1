import Foundation

/// Softmax over all experts, then the k greatest. Qwen, OLMoE, Mixtral; and gpt-oss, whose softmax over the chosen alone
/// is the same as one over all, divided by its sum.
struct SoftmaxRule: RoutingRule {
    let choices: Int
    /// Whether the weights of the chosen are divided by their sum.
    let normalizes: Bool

    func choose(
        _ logits: UnsafeBufferPointer<Float>, scratch: UnsafeMutableBufferPointer<Float>,
        experts: UnsafeMutableBufferPointer<Int32>, weights: UnsafeMutableBufferPointer<Float>
    ) {
        logits.greatest(experts)
        let greatest = logits[Int(experts[0])]
        for (index, expert) in experts.enumerated() { weights[index] = exp(logits[Int(expert)] - greatest) }
        if normalizes { return weights.normalize() }
        var sum: Float = 0
        for logit in logits { sum += exp(logit - greatest) }
        for index in weights.indices { weights[index] /= sum }
    }
}
