import ArgumentParser

/// A list in one argument, separated by commas.
struct CommaSeparated<Element: ExpressibleByArgument & Sendable>: ExpressibleByArgument, Sendable {
    var values: [Element]

    init(_ values: Element...) { self.values = values }

    init?(argument: String) {
        values = []
        for word in argument.split(separator: ",") {
            guard let value = Element(argument: String(word)) else { return nil }
            values.append(value)
        }
        if values.isEmpty { return nil }
    }

    var defaultValueDescription: String { values.map(\.defaultValueDescription).joined(separator: ",") }
    static var allValueStrings: [String] { Element.allValueStrings }
    static var defaultCompletionKind: CompletionKind { Element.defaultCompletionKind }
}
