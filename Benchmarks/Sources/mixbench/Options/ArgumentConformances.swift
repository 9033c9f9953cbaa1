public import ArgumentParser
public import MixCollectives
public import MixSchedule

// The library's own words as arguments: operations, types and reductions have names for command lines.

extension Operation: @retroactive ExpressibleByArgument {}

extension DataType: @retroactive ExpressibleByArgument {
    /// By its name.
    public init?(argument: String) { self.init(name: argument) }
    /// Its name.
    public var defaultValueDescription: String { name }
    /// All names.
    public static var allValueStrings: [String] { allCases.map(\.name) }
}

extension Reduction: @retroactive ExpressibleByArgument {
    /// By its name.
    public init?(argument: String) { self.init(name: argument) }
    /// Its name.
    public var defaultValueDescription: String { name }
    /// All names.
    public static var allValueStrings: [String] { allCases.map(\.name) }
}
