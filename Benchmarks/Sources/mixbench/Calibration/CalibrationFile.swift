import ArgumentParser
import Foundation
import MixPlanner

/// A ``Calibration`` as JSON: the same one always gives the same text.
enum CalibrationFile {
    static func text(_ calibration: Calibration) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(calibration), as: UTF8.self) + "\n"
    }

    static func read(_ path: String) throws -> Calibration {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ValidationError("\(path) can't be read.")
        }
        do {
            return try JSONDecoder().decode(Calibration.self, from: data)
        } catch {
            throw ValidationError("\(path) is not what mixbench calibrate writes: \(error)")
        }
    }
}
