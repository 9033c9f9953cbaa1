import Foundation

/// Requests that arrive by a Poisson process, with prompts of random tokens: the same on all ranks.
struct Arrivals {
    /// Seconds after the beginning, ascending.
    let times: [Double]
    /// Tokens of each prompt.
    let promptTokens: Int
    private let vocabulary: Int
    private let seed: UInt64

    init(count: Int, rate: Double, promptTokens: Int, vocabulary: Int, seed: UInt64) {
        var generator = SplitMix64(state: seed)
        var (now, times) = (0.0, [Double]())
        for _ in 0..<count {
            // Times between arrivals are distributed exponentially.
            now -= log(1 - Double.random(in: 0..<1, using: &generator)) / rate
            times.append(now)
        }
        (self.times, self.promptTokens, self.vocabulary, self.seed) = (times, promptTokens, vocabulary, seed)
    }

    /// The prompt of a request, made when it is asked for.
    func prompt(_ request: Int) -> [Int] {
        var generator = SplitMix64(state: seed &+ UInt64(request + 1) &* 0xd134_2543_de82_ef95)
        return (0..<promptTokens).map { _ in Int.random(in: 0..<vocabulary, using: &generator) }
    }
}

/// Steele, Lea and Flood's SplitMix64: small, and the same everywhere.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
