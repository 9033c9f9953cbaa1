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
        }
    }
}
