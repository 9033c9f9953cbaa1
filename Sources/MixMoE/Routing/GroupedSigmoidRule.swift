/// Sigmoid scores with a bias for choosing only, and experts in groups of which only the best are looked at.
/// DeepSeek-V3 (arXiv 2412.19437, section 2.1.2), GLM-4.5, Kimi K2.
struct GroupedSigmoidRule: RoutingRule {
    let choices: Int
    /// Added to the scores for choosing, [experts]: `e_score_correction_bias`.
    let bias: [Float]
    /// Into how many groups of equal size the experts are cut, in order.
    let groups: Int
    /// How many groups are kept: those with the greatest sum of their two best.
    let keptGroups: Int
    /// Whether the weights of the chosen are divided by their sum.
    let normalizes: Bool
    /// What weights are multiplied by at last: `routed_scaling_factor`.
    let scale: Float

    func choose(
        _ logits: UnsafeBufferPointer<Float>, scratch: UnsafeMutableBufferPointer<Float>,
        experts: UnsafeMutableBufferPointer<Int32>, weights: UnsafeMutableBufferPointer<Float>
    ) {
        let scores = UnsafeMutableBufferPointer(rebasing: scratch[..<logits.count])
        for index in logits.indices { scores[index] = SigmoidRule.sigmoid(logits[index]) + bias[index] }
        if keptGroups < groups {
            leaveOutGroups(scores, UnsafeMutableBufferPointer(rebasing: scratch[logits.count..<logits.count + groups]))
        }
        UnsafeBufferPointer(scores).greatest(experts)
        // The score itself, not what is left of it after bias was added and taken away.
        for (index, expert) in experts.enumerated() { weights[index] = SigmoidRule.sigmoid(logits[Int(expert)]) }
        if normalizes { weights.normalize(adding: 1e-20) }
        for index in weights.indices { weights[index] *= scale }
    }

    /// Sets the scores of all groups but the best to minus infinity.
    private func leaveOutGroups(
        _ scores: UnsafeMutableBufferPointer<Float>, _ groupScores: UnsafeMutableBufferPointer<Float>
    ) {
        let size = scores.count / groups
        for group in 0..<groups {
            var (first, second) = (-Float.infinity, -Float.infinity)
            for score in scores[group * size..<(group + 1) * size] {
                if comes(score, before: first) {
                    (first, second) = (score, first)
                } else if comes(score, before: second) {
                    second = score
                }
            }
            groupScores[group] = size > 1 ? first + second : first
        }
        for group in 0..<groups {
            var place = 0
            for other in 0..<groups where other != group {
                let isBefore =
                    other < group
                    ? !comes(groupScores[group], before: groupScores[other])
                    : comes(groupScores[other], before: groupScores[group])
                if isBefore { place += 1 }
            }
            if place >= keptGroups {
                scores[group * size..<(group + 1) * size].update(repeating: -.infinity)
            }
        }
    }
}
