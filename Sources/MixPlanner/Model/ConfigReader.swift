#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The keys of a `config.json`, asked for one by one. Values that are null count as absent.
///
/// Where a question names several keys, the first that is there answers.
struct ConfigReader {
    private struct Entry {
        var value: JSONValue
        /// Key by key from the whole, for messages.
        var path: String
    }

    let file: String
    private var entries: [String: Entry] = [:]

    init(json: some Sequence<UInt8>, file: String) throws(PlannerError) {
        let value: JSONValue
        do {
            value = try JSONDecoder().decode(JSONValue.self, from: Data(json))
        } catch {
            throw .malformed(file: file, reason: "this is not JSON (\(ConfigReader.reason(error)))")
        }
        guard case .object(let values) = value else {
            throw .malformed(file: file, reason: "this is \(value.text), and a configuration is an object")
        }
        self.file = file
        lay(values, path: "")
    }

    private mutating func lay(_ values: [String: JSONValue], path: String) {
        for (key, value) in values {
            if case .null = value { continue }
            entries[key] = Entry(value: value, path: path + key)
        }
    }

    /// The same with the keys of an object, if there is one under this key, laid over those around it.
    func over(_ key: String) throws(PlannerError) -> ConfigReader {
        guard let entry = entries[key] else { return self }
        guard case .object(let values) = entry.value else { throw invalid(key, "an object") }
        var result = self
        result.lay(values, path: entry.path + ".")
        return result
    }

    func has(_ key: String) -> Bool { entries[key] != nil }

    /// A whole number that is needed.
    func integer(_ keys: String..., in range: ClosedRange<Int>, help: String) throws(PlannerError) -> Int {
        guard let value = try optionalInteger(keys, in: range) else { throw missing(keys, help: help) }
        return value
    }

    func optionalInteger(_ keys: String..., in range: ClosedRange<Int>) throws(PlannerError) -> Int? {
        try optionalInteger(keys, in: range)
    }

    private func optionalInteger(_ keys: [String], in range: ClosedRange<Int>) throws(PlannerError) -> Int? {
        guard let key = keys.first(where: has), let value = entries[key]?.value else { return nil }
        let found: Int? =
            switch value {
            case .integer(let number): number
            case .number(let number): Int(exactly: number)
            default: nil
            }
        guard let found, range.contains(found) else {
            throw invalid(key, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return found
    }

    /// A finite number of at least `minimum`.
    func number(_ key: String, atLeast minimum: Double, help: String) throws(PlannerError) -> Double {
        guard let value = try optionalNumber(key, atLeast: minimum) else { throw missing([key], help: help) }
        return value
    }

    func optionalNumber(_ key: String, atLeast minimum: Double) throws(PlannerError) -> Double? {
        let found: Double? =
            switch entries[key]?.value {
            case nil: nil
            case .integer(let number): Double(number)
            case .number(let number): number
            default: .nan
            }
        guard let found else { return nil }
        guard found.isFinite, found >= minimum else { throw invalid(key, "a number from \(minimum) up") }
        return found
    }

    func flag(_ key: String, help: String) throws(PlannerError) -> Bool {
        guard let value = try optionalFlag(key) else { throw missing([key], help: help) }
        return value
    }

    func optionalFlag(_ key: String) throws(PlannerError) -> Bool? {
        guard let value = entries[key]?.value else { return nil }
        guard case .bool(let found) = value else { throw invalid(key, "true or false") }
        return found
    }

    func optionalString(_ keys: String...) throws(PlannerError) -> String? {
        guard let key = keys.first(where: has), let value = entries[key]?.value else { return nil }
        guard case .string(let found) = value else { throw invalid(key, "a string") }
        return found
    }

    /// A list of whole numbers.
    func optionalIntegers(_ key: String, in range: Range<Int>) throws(PlannerError) -> [Int]? {
        guard let entry = entries[key] else { return nil }
        guard case .array(let elements) = entry.value else { throw invalid(key, "a list of whole numbers") }
        var found: [Int] = []
        for element in elements {
            guard case .integer(let number) = element, range.contains(number) else {
                throw .invalidValue(
                    file: file, key: entry.path, value: element.text,
                    expected: "a list of whole numbers from \(range.lowerBound) to \(range.upperBound - 1)")
            }
            found.append(number)
        }
        return found
    }

    /// The error of a value that makes no sense.
    func invalid(_ key: String, _ expected: String) -> PlannerError {
        .invalidValue(
            file: file, key: entries[key]?.path ?? key, value: entries[key]?.value.text ?? "absent", expected: expected)
    }

    /// The error of a value that is not there.
    func missing(_ keys: [String], help: String) -> PlannerError { .missingKey(file: file, keys: keys, help: help) }

    private static func reason(_ error: any Error) -> String {
        guard case DecodingError.dataCorrupted(let context) = error else { return "a number is out of range" }
        return context.underlyingError.map { "\($0)" } ?? context.debugDescription
    }
}
