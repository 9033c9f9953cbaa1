/// What users of one strategy saw.
struct ServingResult {
    /// The mean, the median, and what one of a hundred exceeds.
    struct Distribution: Encodable {
        let mean: Double
        let p50: Double
        let p99: Double

        init(_ values: [Double]) {
            let sorted = values.sorted()
            func quantile(_ share: Double) -> Double {
                sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int((Double(sorted.count) * share).rounded(.up)) - 1)]
            }
            mean = values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
            p50 = quantile(0.5)
            p99 = quantile(0.99)
        }
    }

    /// Time to first token of each request, from its arrival on, in seconds.
    let ttft: Distribution
    /// Time between tokens of one request, in seconds.
    let itl: Distribution
    /// Tokens of answers per second, from the first arrival to the last token.
    let tokensPerSecond: Double
    let steps: Int
    let bytesBetweenNodes: Double
    let tokens: Int

    /// - Parameter times: [requests, answerTokens].
    init(arrivals: [Double], times: [Double], answerTokens: Int, steps: Int, bytesBetweenNodes: Double) {
        ttft = Distribution(arrivals.indices.map { times[$0 * answerTokens] - arrivals[$0] })
        itl = Distribution(
            times.indices.filter { !$0.isMultiple(of: answerTokens) }.map { times[$0] - times[$0 - 1] })
        tokens = times.count
        tokensPerSecond = Double(times.count) / ((times.max() ?? 0) - (arrivals.first ?? 0))
        self.steps = steps
        self.bytesBetweenNodes = bytesBetweenNodes
    }
}
