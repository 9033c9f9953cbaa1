import ArgumentParser

/// `5,17,42`
struct TokenList: ExpressibleByArgument {
    var tokens: [Int]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Int($0.filter { $0 != " " }) }
        guard numbers.count == parts.count else { return nil }
        tokens = numbers
    }
}
