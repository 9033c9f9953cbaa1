import ArgumentParser
import Foundation
import MixMoE

/// A checkpoint of one layer with its inputs and reference outputs.
struct Fixture {
    let checkpoint: Checkpoint
    let io: SafetensorsFile
    /// `t1`, `t1.bf16`, …: cases in float32, and in bfloat16 where there are any.
    let caseNames: [String]
    /// The layer that the fixture has, as its expected.json says.
    let layer: Int

    private struct Facts: Decodable { var layer: Int? }

    init(at folder: String) throws {
        checkpoint = try Checkpoint(at: folder)
        io = try SafetensorsFile(at: folder + "/io.safetensors")
        let suffix = ".hidden_states"
        let cases = io.tensorNames.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
        caseNames = cases.sorted { first, second in
            // Few tokens first: t7 before t64.
            (Self.size(first), first) < (Self.size(second), second)
        }
        guard !caseNames.isEmpty else {
            throw ValidationError(
                "\(folder)/io.safetensors has no CASE.hidden_states: this is no fixture of a layer; mixserve generate runs whole models."
            )
        }
        let facts = try? JSONDecoder().decode(
            Facts.self, from: Data(contentsOf: URL(filePath: folder + "/expected.json")))
        layer = facts?.layer ?? 0
    }

    /// A tensor [tokens, width] of a case.
    ///
    /// - Throws: `MoEError`, naming the tensor with both shapes, where the model or the case's inputs ask for another one.
    func tensor(_ name: String, tokens: Int? = nil, width: Int) throws(MoEError) -> StoredTensor {
        let tensor = try io.tensor(named: name)
        let shape = tensor.shape
        guard shape.count == 2, tokens == nil || shape[0] == tokens, shape[1] == width else {
            throw MoEError(
                .shape,
                "it has the shape \(shape), and config.json and the case ask for [\(tokens.map(String.init) ?? "tokens"), \(width)]",
                file: io.path, tensor: name)
        }
        return tensor
    }

    private static func size(_ name: String) -> Int { Int(name.dropFirst().prefix { $0.isNumber }) ?? Int.max }
}
