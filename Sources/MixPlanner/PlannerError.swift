/// Why the planner cannot answer. Every case says what, where, and what would help.
public enum PlannerError: Error, Sendable, Hashable {
    /// A file cannot be read.
    case unreadable(file: String, reason: String)
    /// A file is not the JSON that it should be.
    case malformed(file: String, reason: String)
    /// `model_type` names no family that the library knows, or the configuration has no mixture-of-experts layer.
    case notMixtureOfExperts(file: String, reason: String)
    /// A configuration has none of these keys, of which one is needed. `help` says what the value is.
    case missingKey(file: String, keys: [String], help: String)
    /// A value makes no sense. `expected` says which would.
    case invalidValue(file: String, key: String, value: String, expected: String)
    /// A strategy is not in the notation. `position` counts characters from 0.
    case strategySyntax(text: String, position: Int, expected: String)
    /// A strategy is in the notation, and its degrees contradict each other.
    case strategyDegrees(strategy: String, reason: String)
    /// A cluster has no price.
    case cluster(name: String, reason: ClusterSpec.Invalid)
    /// A strategy is not a plan.
    case rejected(strategy: String, reason: Rejection)
    /// No strategy has room for a single request: the least that a rank needs, what it may use, and what would help.
    case doesNotFit(cluster: String, needed: Double, available: Double, help: String)
    /// Requests come faster than any plan answers them: the best one's capacity in requests per second.
    case overloaded(rate: Double, capacity: Double, strategy: String)
    /// No plan meets the limits, in seconds; with the least of both, which need not be one plan's.
    case limitsMissed(ttftLimit: Double?, itlLimit: Double?, bestTTFT: Double, bestITL: Double)
    /// The model cannot be cut over so many ranks.
    case noStrategy(cluster: String, reasons: [String])
}

extension PlannerError: CustomStringConvertible {
    /// What is wrong, where, and what would help.
    public var description: String {
        switch self {
        case .unreadable(let file, let reason): "cannot read \(file): \(reason)"
        case .malformed(let file, let reason): "\(file): \(reason)"
        case .notMixtureOfExperts(let file, let reason): "\(file) is not a mixture-of-experts model: \(reason)"
        case .missingKey(let file, let keys, let help):
            "\(file) has no \(keys.map { "\"\($0)\"" }.joined(separator: " or ")): \(help)"
        case .invalidValue(let file, let key, let value, let expected):
            "\(file): \"\(key)\" is \(value), which must be \(expected)"
        case .strategySyntax(let text, let position, let expected):
            "\"\(text)\" at character \(position): expected \(expected), as in \"TP=8 + DP=4, TP=8 + EP=4 [PP=2]\""
        case .strategyDegrees(let strategy, let reason): "\"\(strategy)\": \(reason)"
        case .cluster(let name, let reason): "\(name): \(reason)"
        case .rejected(let strategy, let reason): "\"\(strategy)\" is not possible: \(reason)"
        case .doesNotFit(let cluster, let needed, let available, let help):
            "the model fits nowhere on \(cluster): a rank needs at least \(gigabytes(needed)) and may use "
                + "\(gigabytes(available)); it \(help)"
        case .overloaded(let rate, let capacity, let strategy):
            "\(decimal(rate)) requests/s are more than any plan answers: \"\(strategy)\" answers \(decimal(capacity)); "
                + "lower the rate, allow a larger batch, or add nodes"
        case .limitsMissed(let ttftLimit, let itlLimit, let bestTTFT, let bestITL):
            "no plan meets "
                + [
                    ttftLimit.map { "a TTFT of \(duration($0)) (the best is \(duration(bestTTFT)))" },
                    itlLimit.map { "an ITL of \(duration($0)) (the best is \(duration(bestITL)))" },
                ].compactMap { $0 }.joined(separator: " and ")
                + "; relax the limits, lower the rate, or add nodes"
        case .noStrategy(let cluster, let reasons):
            "the model cannot be cut over \(cluster): \(reasons.prefix(4).joined(separator: "; ")); "
                + "take a number of ranks that divides heads, experts and widths"
        }
    }
}
