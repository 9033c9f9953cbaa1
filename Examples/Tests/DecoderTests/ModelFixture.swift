import Decoder
import Foundation
import MixCollectives
import MixMoE
import MixPlanner
import Testing

/// A whole model with what the reference implementation makes of a prompt.
struct ModelFixture: Sendable, CustomTestStringConvertible {
    let name: String
    let spec: ModelSpec
    let prompt: [Int]
    let generated: [Int]
    /// [prompt, vocabulary].
    let logits: [Float]
    /// [generated, vocabulary]: the logits of which each generated token is the greatest.
    let generationLogits: [Float]
    /// The reference's logits in bfloat16, of checkpoints that are stored in it.
    let bfloat16Logits: [Float]?

    var testDescription: String { name }

    /// All models of the folder: those of the repository, or the full set that MIX_FIXTURES names.
    static let all: [ModelFixture] = {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.contains("_model") }.sorted()
                .map { try ModelFixture($0) }
        } catch {
            fatalError("\(folder): \(error)")
        }
    }()

    static let folder =
        ProcessInfo.processInfo.environment["MIX_FIXTURES"]
        ?? URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../Tests/Fixtures").standardizedFileURL.path

    var path: String { "\(Self.folder)/\(name)" }

    init(_ name: String) throws {
        self.name = name
        let folder = "\(Self.folder)/\(name)"
        spec = try Checkpoint(at: folder).modelSpec()
        let io = try SafetensorsFile(at: folder + "/io.safetensors")
        prompt = try io.integers(named: "input_ids").map { Int($0) }
        generated = try io.integers(named: "generated_ids").map { Int($0) }
        logits = try io.floats(named: "logits")
        generationLogits = try io.floats(named: "generation_logits")
        bfloat16Logits = io.tensorNames.contains("bf16.logits") ? try io.floats(named: "bf16.logits") : nil
    }

    /// The model on one rank, with room for the prompt and what follows.
    func model(
        _ strategy: Strategy, _ world: Communicator, _ precision: DecoderOptions.Precision = .float32,
        sequences: Int = 2
    ) throws -> DecoderModel {
        try DecoderModel(
            ModelWeights(Checkpoint(at: path)), strategy: strategy, world: world,
            options: DecoderOptions(
                context: prompt.count + generated.count, sequences: sequences, precision: precision, threads: 1))
    }
}

/// The largest difference over the largest value.
func relativeError(_ found: some Collection<Float>, _ wanted: some Collection<Float>) -> Float {
    guard found.count == wanted.count else { return .infinity }
    let greatest = zip(found, wanted).reduce(Float(0)) {
        let difference = abs($1.0 - $1.1)
        return difference.isNaN ? .infinity : max($0, difference)
    }
    return greatest / wanted.reduce(Float(1e-30)) { max($0, abs($1)) }
}
