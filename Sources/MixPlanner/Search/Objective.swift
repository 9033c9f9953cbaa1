/// What makes one plan better than another.
public enum Objective: String, Sendable, Hashable, CaseIterable, Codable {
    /// More tokens per second.
    case throughput
    /// Less time to first token.
    case ttft
    /// Less time between tokens.
    case itl

    /// What is to be small.
    func cost(_ performance: Performance) -> Double {
        switch self {
        case .throughput: -performance.tokensPerSecond
        case .ttft: performance.ttft
        case .itl: performance.itl
        }
    }
}
