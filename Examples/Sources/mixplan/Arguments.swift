public import ArgumentParser
import Foundation
public import MixPlanner

/// A time as people write it: `500ms`, `1.5s`, `20us`.
struct TimeArgument: ExpressibleByArgument {
    let seconds: Double

    init?(argument: String) {
        for (unit, factor) in [("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("s", 1.0)] where argument.hasSuffix(unit) {
            guard let number = Double(argument.dropLast(unit.count)) else { return nil }
            seconds = number * factor
            return
        }
        return nil
    }
}

extension Objective: @retroactive ExpressibleByArgument {}
extension Exchange: @retroactive ExpressibleByArgument {}

/// Which cost model.
enum CostModelArgument: String, ExpressibleByArgument, CaseIterable {
    case paper, refined
}

/// How weights are stored, in place of what the model says.
enum WeightsArgument: String, ExpressibleByArgument, CaseIterable {
    case stored, bf16, fp8

    func apply(to model: inout ModelSpec) {
        switch self {
        case .stored: break
        case .bf16: model.weights = WeightFormat(.bfloat16)
        case .fp8: model.weights = WeightFormat(.bfloat16, quantization: .float8Blocks)
        }
    }
}

/// The format of rows on their way to experts.
enum RowsArgument: String, ExpressibleByArgument, CaseIterable {
    case bf16, fp8

    var formats: RowFormats {
        // e4m3 with a float32 scale for 128 elements.
        self == .bf16 ? RowFormats() : RowFormats(dispatchBytes: 1 + 4.0 / 128)
    }
}

extension ModelSpec {
    /// A preset's name, or the path of a config.json or of the folder that it is in.
    init(argument: String) throws {
        if let preset = ModelSpec.preset(argument) {
            self = preset
            return
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder) else {
            throw ValidationError(
                "There is neither a file nor a model \"\(argument)\"; models with a name are "
                    + ModelSpec.presets.map(\.name).joined(separator: ", ") + ".")
        }
        try self.init(contentsOf: isFolder.boolValue ? argument + "/config.json" : argument)
    }
}

extension String {
    /// Followed by spaces up to a width.
    func padded(_ width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }

    /// After spaces up to a width.
    func right(_ width: Int) -> String { String(repeating: " ", count: Swift.max(0, width - count)) + self }
}

/// Writes a text to a file, or to standard output for `-`.
func write(_ data: Data, to path: String) throws {
    if path == "-" {
        FileHandle.standardOutput.write(data + Data("\n".utf8))
    } else {
        do {
            try data.write(to: URL(fileURLWithPath: path))
        } catch {
            throw ValidationError("Cannot write \(path): \(error.localizedDescription)")
        }
    }
}
