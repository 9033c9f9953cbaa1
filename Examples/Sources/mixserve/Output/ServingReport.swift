import Foundation
import MixMoE
import MixPlanner

/// Strategies in a table, beside the first of them, or as JSON objects.
struct ServingReport {
    /// What is served, by how many ranks.
    struct Setting: Encodable {
        let model: String
        let layers: Int
        let nodes: Int
        let ranks: Int
        let type: String
        let requests: Int
        let inputTokens: Int
        let outputTokens: Int
        /// Requests per second.
        let rate: Double
    }

    let setting: Setting
    let isJSON: Bool
    private var first: ServingResult?

    private struct Row: Encodable {
        let setting: Setting
        let strategy: String
        let isAutomatic: Bool
        let isFused: Bool
        let ttftSeconds: ServingResult.Distribution
        let itlSeconds: ServingResult.Distribution
        let tokensPerSecond: Double
        let steps: Int
        let bytesBetweenNodes: Double
        let predictedTtftSeconds: Double?
        let predictedItlSeconds: Double?
        let predictedTokensPerSecond: Double?
    }

    init(_ setting: Setting, isJSON: Bool) { (self.setting, self.isJSON) = (setting, isJSON) }

    func begin() {
        guard !isJSON else { return }
        Console.write(
            "\(setting.model), \(setting.layers) layers, nodes: \(setting.nodes), ranks: \(setting.ranks), \(setting.type); "
                + "\(setting.requests) requests of \(setting.inputTokens) + \(setting.outputTokens) tokens, \(setting.rate) a second\n\n"
                + Self.padded("strategy", to: 40)
                + "  TTFT ms: mean     p50     p99  predicted   ITL ms: mean     p50     p99  predicted"
                + "   tokens/s  predicted  between nodes, per token   beside the first: TTFT     ITL  tokens/s\n")
    }

    mutating func add(_ result: ServingResult, _ choice: StrategyChoice) throws {
        let performance = choice.performance
        let ttft = choice.isOverloaded ? nil : performance?.ttft
        // No more tokens leave than requests come.
        let throughput = performance.map {
            min($0.tokensPerSecond, setting.rate * Double(setting.outputTokens))
        }
        guard !isJSON else {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let row = Row(
                setting: setting, strategy: "\(choice.strategy)", isAutomatic: choice.isAutomatic,
                isFused: choice.communication == .fused, ttftSeconds: result.ttft, itlSeconds: result.itl,
                tokensPerSecond: result.tokensPerSecond, steps: result.steps,
                bytesBetweenNodes: result.bytesBetweenNodes, predictedTtftSeconds: ttft,
                predictedItlSeconds: performance?.itl, predictedTokensPerSecond: throughput)
            return Console.write(String(decoding: try encoder.encode(row), as: UTF8.self) + "\n")
        }
        var line = Self.padded(choice.title, to: 40)
        for (distribution, predicted) in [(result.ttft, ttft), (result.itl, performance?.itl)] {
            for (value, width) in zip([distribution.mean, distribution.p50, distribution.p99], [15, 8, 8]) {
                line += Self.right(fixed(value * 1e3, 1), width)
            }
            line += Self.right(predicted.map { fixed($0 * 1e3, 1) } ?? (performance == nil ? "-" : "overload"), 11)
        }
        line += Self.right(fixed(result.tokensPerSecond, 1), 11)
        line += Self.right(throughput.map { fixed($0, 1) } ?? "-", 11)
        line += Self.right(inBytes(result.bytesBetweenNodes), 15)
        line += Self.right(inBytes(result.bytesBetweenNodes / Double(result.tokens)), 11)
        if let first {
            // Answers of one token have no time between tokens.
            func times(_ value: Double, _ other: Double) -> String { other > 0 ? "×" + fixed(value / other, 2) : "-" }
            line += Self.right(times(result.ttft.mean, first.ttft.mean), 25)
            line += Self.right(times(result.itl.mean, first.itl.mean), 8)
            line += Self.right(times(result.tokensPerSecond, first.tokensPerSecond), 10)
        } else {
            first = result
        }
        Console.write(line + "\n")
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(1, width - text.count)) + text
    }
}
