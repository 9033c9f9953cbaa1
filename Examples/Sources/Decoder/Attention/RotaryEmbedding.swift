import Foundation
import MixPlanner

/// Rotary position embeddings: cosines and sines of all positions of a cache.
///
/// - Source: RoPE (arXiv 2104.09864); YaRN (arXiv 2309.00071) in the form of Hugging Face transformers.
struct RotaryEmbedding {
    /// Elements that are rotated.
    let dimension: Int
    /// By which the softmax's scale is multiplied: YaRN's temperature, in DeepSeek's models.
    let scoreFactor: Float
    private let isInterleaved: Bool
    /// [positions, dimension / 2].
    private let cosines: [Float]
    private let sines: [Float]

    init(_ spec: RotarySpec, dimension: Int, positions: Int) throws(DecoderError) {
        guard spec.share == 1 else {
            throw .unsupported("rotary embeddings of a part of each head (partial_rotary_factor \(spec.share))")
        }
        let (frequencies, factor) = try Self.frequencies(spec, dimension)
        self.dimension = dimension
        isInterleaved = spec.isInterleaved
        var (cosines, sines) = ([Float](), [Float]())
        for position in 0..<positions {
            for frequency in frequencies {
                cosines.append(Float(cos(Double(position) * frequency) * factor))
                sines.append(Float(sin(Double(position) * frequency) * factor))
            }
        }
        (self.cosines, self.sines) = (cosines, sines)
        var scoreFactor = 1.0
        if case .yarn(let yarn) = spec.scaling, let weight = yarn.mscaleAllDimensions, weight != 0 {
            scoreFactor = pow(Self.temperature(yarn.factor, weight), 2)
        }
        self.scoreFactor = Float(scoreFactor)
    }

    /// Rotates `x` [dimension] in place. Pairs stay where they are: queries and keys agree.
    func rotate(_ x: UnsafeMutablePointer<Float>, at position: Int) {
        let half = dimension / 2
        let (first, second) = isInterleaved ? (2, 1) : (1, half)
        for pair in 0..<half {
            let (cosine, sine) = (cosines[position * half + pair], sines[position * half + pair])
            let (a, b) = (x[pair * first], x[pair * first + second])
            x[pair * first] = a * cosine - b * sine
            x[pair * first + second] = b * cosine + a * sine
        }
    }

    /// Radians per position of each pair, and the factor of cosines and sines.
    private static func frequencies(_ spec: RotarySpec, _ dimension: Int) throws(DecoderError) -> ([Double], Double) {
        let plain = (0..<dimension / 2).map { 1 / pow(spec.base, Double(2 * $0) / Double(dimension)) }
        switch spec.scaling {
        case nil: return (plain, 1)
        case .linear(let factor): return (plain.map { $0 / factor }, 1)
        case .yarn(let yarn): return yarnFrequencies(plain, yarn, spec.base, dimension)
        case .llama3(let factor, let low, let high, let length):
            return (
                plain.map { frequency in
                    let turns = Double(length) * frequency / (2 * .pi)
                    let ramp = min(max((turns - low) / (high - low), 0), 1)
                    return frequency * (ramp + (1 - ramp) / factor)
                }, 1
            )
        case .other(let name): throw .unsupported("rotary embeddings scaled by \"\(name)\"")
        }
    }

    private static func yarnFrequencies(
        _ plain: [Double], _ yarn: RotarySpec.YaRN, _ base: Double, _ dimension: Int
    ) -> ([Double], Double) {
        /// The pair that turns so many times in the original context.
        func pair(_ turns: Double) -> Double {
            Double(dimension) * log(Double(yarn.originalLength) / (turns * 2 * .pi)) / (2 * log(base))
        }
        var (low, high) = (pair(yarn.betaFast), pair(yarn.betaSlow))
        if yarn.truncates { (low, high) = (low.rounded(.down), high.rounded(.up)) }
        (low, high) = (max(low, 0), min(high, Double(dimension - 1)))
        let length = high == low ? 0.001 : high - low
        let frequencies = plain.enumerated().map { index, frequency in
            let ramp = min(max((Double(index) - low) / length, 0), 1)
            return frequency * (1 - ramp + ramp / yarn.factor)
        }
        if let factor = yarn.attentionFactor { return (frequencies, factor) }
        guard let mscale = yarn.mscale, let all = yarn.mscaleAllDimensions, mscale != 0, all != 0 else {
            return (frequencies, temperature(yarn.factor, 1))
        }
        return (frequencies, temperature(yarn.factor, mscale) / temperature(yarn.factor, all))
    }

    private static func temperature(_ factor: Double, _ weight: Double) -> Double {
        factor <= 1 ? 1 : 0.1 * weight * log(factor) + 1
    }
}
