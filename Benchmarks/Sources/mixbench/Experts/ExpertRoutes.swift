import ArgumentParser
import Foundation

/// Which experts the tokens of some inputs choose.
struct ExpertRoutes {
    /// One for each input: a list for each token.
    var inputs: [[[Int]]]

    /// As a harness wrote them, one line {"shape","dtype","tokens","input","experts"} for each input.
    init(file: String, shape: ExpertShape, type: String, tokens: Int) throws {
        struct Line: Decodable {
            var shape: String
            var dtype: String
            var tokens: Int
            var experts: [[Int]]
        }
        guard let data = FileManager.default.contents(atPath: file) else {
            throw ValidationError("\(file) can't be read.")
        }
        inputs = try data.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let line = try JSONDecoder().decode(Line.self, from: Data(line))
            return line.shape == shape.rawValue && line.dtype == type && line.tokens == tokens ? line.experts : nil
        }
        guard !inputs.isEmpty else { throw ValidationError("\(file) has no input of \(tokens) tokens.") }
    }

    /// Every token chooses at random; as many inputs as touch, all together, much of a layer.
    init(tokens: Int, experts: Int, choices: Int) {
        var random = SystemRandomNumberGenerator()
        inputs = (0..<max(4, min(64, 64 / tokens))).map { _ in
            (0..<tokens).map { _ in Array((0..<experts).shuffled(using: &random).prefix(choices)) }
        }
    }

    /// Distinct experts that an input touches, on average.
    var touched: Double {
        Double(inputs.map { Set($0.joined()).count }.reduce(0, +)) / Double(inputs.count)
    }
}
