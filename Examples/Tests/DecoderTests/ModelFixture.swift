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
    /// The reference's logits in bfloat16, of checkpoints that are stored in it.
    let bfloat16Logits: [Float]?
    /// Tokens of the prompt that bfloat16 may give another expert than float32, where the fixture has its router's logits: the
    /// last expert chosen is ahead of the next one by less than logits of 2 to 4 can say in it.
    let nearTies: Set<Int>

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

    static let isFullSet = ProcessInfo.processInfo.environment["MIX_FIXTURES"] != nil

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
        var nearTies: Set<Int> = []
        let (experts, choices) = (spec.experts.count, spec.experts.choices)
        for layer in 0..<spec.layers where io.tensorNames.contains("layers.\(layer).router_logits") {
            let router = try io.floats(named: "layers.\(layer).router_logits")
            for token in prompt.indices {
                let sorted = router[token * experts..<(token + 1) * experts].sorted(by: >)
                if sorted[choices - 1] - sorted[choices] < 1 / 64 { nearTies.insert(token) }
            }
        }
        self.nearTies = nearTies
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
