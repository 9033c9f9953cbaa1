import MixTestSupport
import Foundation
import Testing

@testable import MixMoE

/// Reading what is right: the fixtures, compared with a reader of the tests' own.
@Suite struct CheckpointTests {
    @Test func fixturesAreThere() { #expect(Fixtures.names.count >= 15) }

    @Test(arguments: Fixtures.names)
    func everyTensorIsReadAsItIsStored(fixture: String) throws {
        let folder = Fixtures.path(fixture)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasPrefix("model") && $0.hasSuffix(".safetensors") }
        let expected = try files.reduce(into: [:]) { all, file in
            try all.merge(PlainSafetensors(folder + "/" + file).tensors) { _, _ in
                throw Wrong("a tensor is there twice")
            }
        }
        let checkpoint = try Checkpoint(at: folder)
        #expect(checkpoint.configJSON == Array(try Data(contentsOf: URL(filePath: folder + "/config.json"))))
        #expect(checkpoint.tensorNames == expected.keys.sorted())
        #expect(checkpoint.bytesRead == 0)
        for (name, plain) in expected {
            #expect(checkpoint.contains(name))
            let tensor = try checkpoint.tensor(named: name)
            #expect(tensor.name == name)
            #expect(tensor.type.rawValue == plain.type)
            #expect(tensor.shape == plain.shape)
            let bytes = tensor.bytes
            #expect(bytes.byteCount == plain.bytes.count)
            #expect(bytes.withUnsafeBytes { Data($0) } == plain.bytes)
        }
        #expect(checkpoint.bytesRead == expected.values.reduce(0) { $0 + $1.bytes.count })
    }

    @Test(arguments: Fixtures.names)
    func everyMatrixAndVectorHasItsValues(fixture: String) throws {
        let checkpoint = try Checkpoint(at: Fixtures.path(fixture))
        for name in checkpoint.tensorNames where !name.hasSuffix("_scale_inv") {
            let tensor = try checkpoint.tensor(named: name)
            guard tensor.type != .float8E4M3, tensor.shape.count <= 2 else { continue }
            let plain = PlainSafetensors.Tensor(
                type: tensor.type.rawValue, shape: tensor.shape, bytes: tensor.bytes.withUnsafeBytes { Data($0) })
            if tensor.shape.count == 1 {
                #expect(try checkpoint.vector(named: name, count: tensor.shape[0]) == plain.floats)
            } else {
                #expect(try checkpoint.matrix(named: name, expecting: tensor.shape).values == plain.floats)
                let row = tensor.shape[0] - 1
                #expect(
                    try checkpoint.vector(named: name, row: row, of: tensor.shape[0], count: tensor.shape[1])
                        == Array(plain.floats.suffix(tensor.shape[1])))
            }
        }
    }

    /// Partial blocks in both directions, scales in BF16; the values are the reference's.
    @Test func fp8WeightsAreWhatTheReferenceMakesOfThem() throws {
        let folder = Fixtures.path("qwen3_moe_fp8")
        let checkpoint = try Checkpoint(at: folder)
        let recorded = try PlainSafetensors(folder + "/io.safetensors").tensors.filter {
            $0.key.hasPrefix("dequantised.")
        }
        #expect(recorded.count >= 2)
        for (key, expected) in recorded {
            let name = String(key.dropFirst("dequantised.".count))
            let matrix = try checkpoint.matrix(named: name, expecting: expected.shape)
            #expect(matrix.type == .float8E4M3)
            let values = expected.floats
            #expect(matrix.values == values)
            // A part from the middle keeps its place among the blocks.
            let (rows, columns) = (
                expected.shape[0] / 3..<expected.shape[0] - 1, expected.shape[1] / 2..<expected.shape[1]
            )
            #expect(
                matrix.rows(rows).columns(columns).values
                    == rows.flatMap { row in columns.map { values[row * expected.shape[1] + $0] } })
        }
    }

    @Test func fp8ScalesMayBeFloat32() throws {
        let folder = Fixtures.path("deepseek_v3_fp8")
        let checkpoint = try Checkpoint(at: folder)
        let name = "model.layers.0.mlp.experts.1.gate_proj.weight"
        let plain = try PlainSafetensors(folder + "/model.safetensors").tensors
        let (weights, scales) = (plain[name]!, plain[name + "_scale_inv"]!)
        #expect(scales.type == "F32" && scales.shape == [2, 2])
        let factors = scales.floats
        let expected = weights.floats.enumerated().map { index, weight in
            weight * factors[index / 256 / 128 * 2 + index % 256 / 128]
        }
        #expect(try checkpoint.matrix(named: name, expecting: [256, 256]).values == expected)
    }

    @Test func expertsOfFusedTensorsAreTurnedRound() throws {
        for (fixture, tensorName, shape, gate, up) in [
            ("llama4", "language_model.model.layers.0.feed_forward.experts.gate_up_proj", [8, 64, 96], 0, 48),
            ("gpt_oss", "model.layers.0.mlp.experts.gate_up_proj", [16, 64, 64], 0, 1),
        ] {
            let folder = Fixtures.path(fixture)
            let checkpoint = try Checkpoint(at: folder)
            let plain = try PlainSafetensors(folder + "/model.safetensors").tensors[tensorName]!.floats
            let (inputs, width) = (shape[1], shape[2])
            let step = fixture == "llama4" ? 1 : 2
            for expert in [0, 3, shape[0] - 1] {
                func expected(_ first: Int, _ step: Int, _ count: Int) -> [Float] {
                    (0..<count).flatMap { output in
                        (0..<inputs).map { plain[(expert * inputs + $0) * width + first + output * step] }
                    }
                }
                func found(_ outputs: Checkpoint.FusedOutputs) throws -> [Float] {
                    try checkpoint.matrix(named: tensorName, expert: expert, expecting: shape, outputs: outputs).values
                }
                #expect(try found(.all) == expected(0, 1, width))
                #expect(try found(step == 1 ? .firstHalf : .even) == expected(gate, step, width / 2))
                #expect(try found(step == 1 ? .secondHalf : .odd) == expected(up, step, width / 2))
            }
        }
    }

    @Test func vectorsAreWidened() throws {
        var draft = CheckpointDraft()
        // An odd number of bytes first, so that nothing is aligned.
        draft.add("odd", "U8", [1], [7])
        draft.add("single", "F32", [2], [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0])
        draft.add("half", "F16", [3], [0x00, 0x3c, 0x01, 0x00, 0xff, 0xfb])
        draft.add("brain", "BF16", [2], [0x80, 0x3f, 0x20, 0xc1])
        draft.add("empty", "F32", [0], [])
        let folder = try TemporaryFolder()
        try draft.write(to: folder)
        let checkpoint = try Checkpoint(at: folder.path)
        #expect(try checkpoint.vector(named: "single", count: 2) == [1, -2])
        #expect(try checkpoint.vector(named: "half", count: 3) == [1, 0x1p-24, -65504])
        #expect(try checkpoint.vector(named: "brain", count: 2) == [1, -10])
        #expect(try checkpoint.vector(named: "empty", count: 0) == [])
        #expect(checkpoint.bytesRead == 8 + 6 + 4)
    }

    @Test func shardsAreOpenedWhenTheyAreNeeded() throws {
        let source = Fixtures.path("qwen3_moe_model_sharded")
        let folder = try TemporaryFolder()
        let first = "model-00001-of-00002.safetensors"
        for file in ["config.json", "model.safetensors.index.json", first] {
            try FileManager.default.copyItem(atPath: source + "/" + file, toPath: folder.path + "/" + file)
        }
        let checkpoint = try Checkpoint(at: folder.path)
        let inFirst = try PlainSafetensors(source + "/" + first).tensors.keys
        for name in checkpoint.tensorNames {
            if inFirst.contains(name) {
                _ = try checkpoint.tensor(named: name)
            } else {
                let error = #expect(throws: MoEError.self) { try checkpoint.tensor(named: name) }
                #expect(error?.code == .missingShard)
                #expect(error?.tensor == name)
                #expect(error?.file == folder.path + "/model-00002-of-00002.safetensors")
            }
        }
    }

    @Test func blockSizeComesFromTheConfiguration() throws {
        let folder = try TemporaryFolder()
        for (config, size) in [
            ("{}", 128), (#"{"quantization_config": null}"#, 128),
            (#"{"quantization_config": {"weight_block_size": [64, 64]}}"#, 64),
            (
                #"{"text_config": {"quantization_config": {"weight_block_size": [32, 32]}, "x": [1.5e-3, {"y": "\u00e9\n"}]}}"#,
                32
            ),
            (#"{"quantization_config": {"weight_block_size": null}}"#, 128),
        ] {
            try CheckpointDraft.write(config: config, file: CheckpointDraft().file, to: folder)
            #expect(try Checkpoint(at: folder.path).quantisationBlock == size)
        }
    }
}
