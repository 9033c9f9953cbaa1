/// How a router's logits become a choice of experts. A new kind of router is one more type of this.
///
/// Exact forms: the families' `modeling_*.py` in Hugging Face transformers. Of equal scores the expert of the lower number
/// is chosen; a NaN is chosen last, so that a token without a number in it still has k experts.
protocol RoutingRule: Sendable {
    /// Experts per token, k.
    var choices: Int { get }

    /// Chooses the experts of one token.
    ///
    /// - Parameters:
    ///   - logits: one per expert, before any softmax or sigmoid.
    ///   - scratch: room for two numbers per expert.
    ///   - experts: k numbers of experts, best first.
    ///   - weights: what their results, or inputs, are multiplied by.
    func choose(
        _ logits: UnsafeBufferPointer<Float>, scratch: UnsafeMutableBufferPointer<Float>,
        experts: UnsafeMutableBufferPointer<Int32>, weights: UnsafeMutableBufferPointer<Float>)
}

/// Whether a score is chosen before another: NaN comes last.
func comes(_ first: Float, before second: Float) -> Bool {
    first > second || (second.isNaN && !first.isNaN)
}

extension UnsafeBufferPointer<Float> {
    /// Writes the numbers of the greatest values, greatest first: as many as `chosen` has room for.
    func greatest(_ chosen: UnsafeMutableBufferPointer<Int32>) {
        var count = 0
        for (index, value) in enumerated() {
            if count == chosen.count {
                guard comes(value, before: self[Int(chosen[count - 1])]) else { continue }
            } else {
                count += 1
            }
            var place = count - 1
            while place > 0, comes(value, before: self[Int(chosen[place - 1])]) {
                chosen[place] = chosen[place - 1]
                place -= 1
            }
            chosen[place] = Int32(index)
        }
    }
}

extension UnsafeMutableBufferPointer<Float> {
    /// Divides all by their sum and `tiny`.
    func normalize(adding tiny: Float = 0) {
        let sum = reduce(tiny, +)
        for index in indices { self[index] /= sum }
    }
}
