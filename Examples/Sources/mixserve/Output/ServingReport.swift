import Foundation
import MixPlanner

/// Strategies in a table, or as JSON objects.
struct ServingReport {
    let isJSON: Bool

    private struct Row: Encodable {
        let strategy: String
        let ttftSeconds: ServingResult.Distribution
        let itlSeconds: ServingResult.Distribution
        let tokensPerSecond: Double
        let steps: Int
        let bytesBetweenNodes: Double
        let predictedTtftSeconds: Double?
        let predictedItlSeconds: Double?
    }

    func begin(_ title: String) {
        guard !isJSON else { return }
        Console.write(
            "\(title)\n\n\(Self.padded("strategy", to: 34))"
                + "  TTFT ms: mean     p50     p99  predicted   ITL ms: mean     p50     p99  predicted"
                + "   tokens/s  between nodes, per token\n")
    }

    func add(_ result: ServingResult, _ choice: StrategyChoice) {
        guard !isJSON else {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let row = Row(
                strategy: choice.title, ttftSeconds: result.ttft, itlSeconds: result.itl,
                tokensPerSecond: result.tokensPerSecond, steps: result.steps,
                bytesBetweenNodes: result.bytesBetweenNodes,
                predictedTtftSeconds: choice.isOverloaded ? nil : choice.performance?.ttft,
                predictedItlSeconds: choice.performance?.itl)
            guard let data = try? encoder.encode(row) else { return }
            Console.write(String(decoding: data, as: UTF8.self) + "\n")
            return
        }
        var line = Self.padded(choice.title, to: 34)
        for (distribution, predicted, first) in [
            (result.ttft, choice.isOverloaded ? nil : choice.performance?.ttft, 15),
            (result.itl, choice.performance?.itl, 15),
        ] {
            for (value, width) in zip([distribution.mean, distribution.p50, distribution.p99], [first, 8, 8]) {
                line += Self.right(fixed(value * 1e3, 1), width)
            }
            line += Self.right(
                predicted.map { fixed($0 * 1e3, 1) } ?? (choice.performance == nil ? "-" : "overload"), 11)
        }
        line += Self.right(fixed(result.tokensPerSecond, 1), 11)
        line += Self.right(inBytes(result.bytesBetweenNodes), 15)
        line += Self.right(inBytes(result.bytesBetweenNodes / Double(result.tokens)), 11)
        Console.write(line + "\n")
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(1, width - text.count)) + text
    }
}
