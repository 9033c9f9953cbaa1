extension Planner {
    /// Why one plan is better than another, in words and numbers.
    ///
    /// - Returns: sentences: for each measure which one is ahead and by how much, and below it the parts that differ most.
    public func explain(_ first: Plan, _ second: Plan) -> [String] {
        let (one, two) = (first.performance, second.performance)
        var lines: [String] = []
        compare("TTFT", first, second, one.ttft, two.ttft, into: &lines)
        differences(one.prefill, two.prefill, first, second, isPrefill: true, into: &lines)
        if abs(one.wait - two.wait) > 0.02 * max(one.ttft, two.ttft) {
            lines.append(
                "  waiting: \(duration(one.wait)) against \(duration(two.wait)), behind others' prefills and steps")
        }
        compare("ITL", first, second, one.itl, two.itl, into: &lines)
        differences(one.decode, two.decode, first, second, isPrefill: false, into: &lines)
        let (held, otherHeld) = (one.itl - one.decode.seconds, two.itl - two.decode.seconds)
        if abs(held - otherHeld) > 0.02 * max(one.itl, two.itl) {
            lines.append(
                "  others' prefills between tokens: \(duration(max(0, held))) against \(duration(max(0, otherHeld)))")
        }
        let faster = one.tokensPerSecond >= two.tokensPerSecond
        lines.append(
            "Throughput: \"\((faster ? first : second).name)\" makes \(decimal(max(one.tokensPerSecond, two.tokensPerSecond), digits: 1)) tokens/s, "
                + "\(ratio(one.tokensPerSecond, two.tokensPerSecond)) of the other's \(decimal(min(one.tokensPerSecond, two.tokensPerSecond), digits: 1)), "
                + "with at most \(one.largestBatch) and \(two.largestBatch) requests running.")
        let (weights, otherWeights) = (first.memory.weights, second.memory.weights)
        lines.append(
            "Memory: a rank holds \(gigabytes(weights)) of weights against \(gigabytes(otherWeights)), and "
                + "\(gigabytes(first.memory.cache)) of cache against \(gigabytes(second.memory.cache)).")
        return lines
    }

    private func ratio(_ one: Double, _ two: Double) -> String {
        "\(decimal(max(one, two) / min(one, two)))×"
    }

    private func compare(
        _ name: String, _ first: Plan, _ second: Plan, _ one: Double, _ two: Double, into lines: inout [String]
    ) {
        let (ahead, behind) = one <= two ? (first, second) : (second, first)
        lines.append(
            "\(name): \"\(ahead.name)\" has \(duration(min(one, two))), \"\(behind.name)\" \(duration(max(one, two))), "
                + "\(ratio(one, two)) as much.")
    }

    private func differences(
        _ one: StepCost, _ two: StepCost, _ first: Plan, _ second: Plan, isPrefill: Bool, into lines: inout [String]
    ) {
        let parts: [(name: String, KeyPath<StepCost, Double>)] = [
            ("attention", \.attention), ("making attention's sums whole", \.attentionReduction),
            ("gathering hidden states", \.gathering), ("dispatch", \.dispatch), ("experts", \.experts),
            ("shared experts", \.shared), ("combine", \.combine), ("dense layers", \.dense),
            ("handing over between stages", \.handover),
        ]
        let sorted = parts.map { (name: $0.name, one: one[keyPath: $0.1], two: two[keyPath: $0.1]) }
            .sorted { abs($0.one - $0.two) > abs($1.one - $1.two) }
        for part in sorted.prefix(3) where abs(part.one - part.two) > 0.02 * max(one.seconds, two.seconds) {
            let why = reason(part.name, first, second, isPrefill: isPrefill)
            lines.append("  \(part.name): \(duration(part.one)) against \(duration(part.two))\(why)")
        }
    }

    /// What makes a part larger for one of two plans, where the strategies say so.
    private func reason(_ part: String, _ first: Plan, _ second: Plan, isPrefill: Bool) -> String {
        func strategy(_ plan: Plan) -> Strategy { isPrefill ? plan.prefillStrategy ?? plan.strategy : plan.strategy }
        let (one, two) = (strategy(first), strategy(second))
        switch part {
        case "experts":
            if one.experts.rankCount != two.experts.rankCount {
                return ": a stage's experts are on \(one.experts.rankCount) ranks against \(two.experts.rankCount)"
            }
            if one.experts.expert != two.experts.expert {
                return ": the busiest of \(one.experts.expert) groups against the busiest of \(two.experts.expert)"
                    + ", and more groups are less even"
            }
            return ""
        case "attention":
            guard one.attention != two.attention else { return "" }
            return ": heads over \(one.attention.tensor) ranks against \(two.attention.tensor), requests over "
                + "\(one.attention.data) groups against \(two.attention.data)"
        case "dispatch", "combine":
            if one.experts.expert == 1 || two.experts.expert == 1 {
                return ": without expert parallelism there is an all-reduce in their place"
            }
            guard one.experts != two.experts else { return "" }
            return ": rows are cut over \(one.experts.tensor) lanes against \(two.experts.tensor), and go to "
                + "\(one.experts.expert - 1) groups against \(two.experts.expert - 1)"
        case "shared experts":
            guard one.experts.tensor != two.experts.tensor else { return "" }
            return ": cut over \(one.experts.tensor) ranks against \(two.experts.tensor)"
        default: return ""
        }
    }
}
