import ArgumentParser
import Foundation
package import MixPlanner

extension ClusterSpec {
    /// A preset's name, or the path of a file as `mixbench calibrate` writes it.
    package init(argument: String) throws {
        if let preset = ClusterSpec.preset(argument) {
            self = preset
            return
        }
        guard let data = FileManager.default.contents(atPath: argument) else {
            throw ValidationError(
                "There is neither a file nor a cluster \"\(argument)\"; clusters with a name are "
                    + ClusterSpec.presets.map(\.name).joined(separator: ", ") + ".")
        }
        do {
            self = try JSONDecoder().decode(ClusterSpec.self, from: data)
        } catch DecodingError.keyNotFound(let key, _) {
            throw ValidationError("\(argument) has no \"\(key.stringValue)\"; see Documentation/Planning.md.")
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw ValidationError(
                "\(argument): \(path.isEmpty ? "the whole" : "\"\(path)\"") is of the wrong type; see Documentation/Planning.md."
            )
        } catch {
            throw ValidationError("\(argument) is not the JSON of a cluster: \(error)")
        }
    }
}

extension ClusterSpec {
    /// One of so many nodes and ranks.
    package init(argument: String, nodes: Int, ranks: Int) throws {
        try self.init(argument: argument)
        do {
            try validate()
        } catch {
            throw ValidationError("\(argument): \(error)")
        }
        guard self.nodes == nodes, rankCount == ranks else {
            throw ValidationError(
                "\(argument) is of \(self.nodes) nodes with \(rankCount) ranks together, and there are \(nodes) with "
                    + "\(ranks); calibrate with these.")
        }
    }
}
