public import ArgumentParser
public import MixCollectives
public import MixSchedule

// The library's own words as arguments: operations, types and reductions have names for command lines.

extension Operation: @retroactive ExpressibleByArgument {}

extension DataType: @retroactive ExpressibleByArgument {
    public init?(argument: String) { self.init(name: argument) }
    public var defaultValueDescription: String { name }
    public static var allValueStrings: [String] { allCases.map(\.name) }
}

extension Reduction: @retroactive ExpressibleByArgument {
    public init?(argument: String) { self.init(name: argument) }
    public var defaultValueDescription: String { name }
    public static var allValueStrings: [String] { allCases.map(\.name) }
}
