extension Strategy {
    /// Reads a strategy in the paper's notation. Spaces may be left out or added.
    ///
    /// - Throws: ``PlannerError/strategySyntax(text:position:expected:)`` where the text is not in the notation, and
    ///   ``PlannerError/strategyDegrees(strategy:reason:)`` where its degrees contradict each other.
    public init(_ text: String) throws(PlannerError) {
        var parser = StrategyParser(text)
        let first = try parser.block(["TP", "DP", "EP"])
        let isAlone = !parser.skip(",")
        let second = isAlone ? first : try parser.block(["TP", "EP"])
        let pipeline = try parser.pipeline(or: isAlone && first.terms.count == 1 ? "'+', ',' or '['" : "'['")

        if isAlone, let data = first.terms.first(where: { $0.name == "DP" }) {
            throw .strategySyntax(
                text: text, position: isAlone && first.terms.count == 1 ? first.end : data.position,
                expected: first.terms.count == 1
                    ? "',' and the experts' block" : "TP or EP, or ',' and the experts' block")
        }
        if !isAlone, let expert = first.terms.first(where: { $0.name == "EP" }) {
            throw .strategySyntax(text: text, position: expert.position, expected: "TP or DP in the attention block")
        }
        let experts = Experts(
            tensor: second.degree("TP"), expert: second.degree("EP"), tensorIsInside: second.terms[0].name == "TP")
        if isAlone {
            self.init(experts: experts, pipeline: pipeline)
        } else {
            try self.init(
                attention: Attention(
                    tensor: first.degree("TP"), data: first.degree("DP"),
                    tensorIsInside: first.terms[0].name == "TP"),
                experts: experts, pipeline: pipeline)
        }
    }
}

/// Reads the notation from left to right.
private struct StrategyParser {
    struct Term {
        var name: String
        var degree: Int
        /// Where it begins.
        var position: Int
    }

    struct Block {
        /// One or two, of different names.
        var terms: [Term]
        /// Where it ends.
        var end: Int

        func degree(_ name: String) -> Int { terms.first { $0.name == name }?.degree ?? 1 }
    }

    private let text: String
    private let characters: [Character]
    private var next = 0

    init(_ text: String) {
        self.text = text
        characters = Array(text)
    }

    /// A term, or two that are joined by `+`.
    mutating func block(_ names: [String]) throws(PlannerError) -> Block {
        let first = try term(names)
        var end = next
        guard skip("+") else { return Block(terms: [first], end: end) }
        let rest = names.filter { $0 != first.name && ($0 == "TP" || first.name == "TP") }
        let second = try term(rest)
        end = next
        return Block(terms: [first, second], end: end)
    }

    /// `[PP=n]` or nothing, and the end.
    mutating func pipeline(or expected: String) throws(PlannerError) -> Int {
        var stages = 1
        if skip("[") {
            stages = try term(["PP"]).degree
            guard skip("]") else { throw failure("']'") }
            guard skipSpaces() else { throw failure("the end") }
        }
        guard skipSpaces() else { throw failure("\(expected) or the end") }
        return stages
    }

    /// Goes past a character and the spaces before it, if it comes next.
    mutating func skip(_ character: Character) -> Bool {
        guard !skipSpaces(), characters[next] == character else { return false }
        next += 1
        return true
    }

    /// `TP=8`
    private mutating func term(_ names: [String]) throws(PlannerError) -> Term {
        _ = skipSpaces()
        let position = next
        guard let name = names.first(where: { characters[next...].starts(with: $0) }) else {
            throw failure(names.joined(separator: " or "))
        }
        next += name.count
        guard skip("=") else { throw failure("'='") }
        _ = skipSpaces()
        let digits = characters[next...].prefix { $0.isASCII && $0.isNumber }
        guard let degree = Int(String(digits)), (1...1 << 20).contains(degree) else {
            throw failure("a degree from 1 to \(1 << 20)")
        }
        next += digits.count
        return Term(name: name, degree: degree, position: position)
    }

    /// Goes past spaces, and tells whether that was the end.
    @discardableResult private mutating func skipSpaces() -> Bool {
        while next < characters.count, characters[next].isWhitespace { next += 1 }
        return next == characters.count
    }

    private func failure(_ expected: String) -> PlannerError {
        .strategySyntax(text: text, position: next, expected: expected)
    }
}
