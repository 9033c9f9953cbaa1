import ArgumentParser

/// Token numbers with commas or spaces between them: `5,17,42`.
struct TokenList: ExpressibleByArgument {
    var tokens: [Int]

    init?(argument: String) {
        let parts = argument.split { $0 == "," || $0.isWhitespace }
        tokens = parts.compactMap { Int($0) }
        guard !tokens.isEmpty, tokens.count == parts.count else { return nil }
    }
}
