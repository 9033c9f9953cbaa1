import Foundation
import MixPlanner

/// A checkpoint of one layer of a real model's size, with random weights of bfloat16, in a folder that goes away with it.
final class LayerCheckpoint {
    let folder: String
    private static let file = "model.safetensors"
    /// Where the weights are.
    var path: String { folder + "/" + Self.file }

    /// Writes the layer, of `spec`'s first `experts` experts.
    init(_ spec: ModelSpec, experts: Int, in directory: String) throws {
        folder = URL(filePath: directory).path + "/mixbench-load-\(ProcessIdentity.current)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let (hidden, width) = (spec.hidden, spec.experts.width)
        let isMixtral = spec.family == .mixtral
        let prefix = "model.layers.0." + (isMixtral ? "block_sparse_moe." : "mlp.")
        let names = isMixtral ? ["w1", "w3", "w2"] : ["gate_proj", "up_proj", "down_proj"]
        var tensors = [(prefix + "gate.weight", [experts, hidden])]
        for expert in 0..<experts {
            for (name, shape) in zip(names, [[width, hidden], [width, hidden], [hidden, width]]) {
                tensors.append(("\(prefix)experts.\(expert).\(name).weight", shape))
            }
        }
        let config = """
            {"model_type": "\(isMixtral ? "mixtral" : "qwen3_moe")", "hidden_size": \(hidden), "num_hidden_layers": 1,
            "num_experts": \(experts), "num_local_experts": \(experts), "num_experts_per_tok": \(spec.experts.choices),
            "moe_intermediate_size": \(width), "intermediate_size": \(spec.denseWidth ?? width),
            "num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": 128, "norm_topk_prob": true,
            "decoder_sparse_step": 1, "mlp_only_layers": [], "hidden_act": "silu", "rms_norm_eps": 1e-6,
            "rope_theta": 1000000.0, "vocab_size": 32000, "torch_dtype": "bfloat16"}
            """
        try Data(config.utf8).write(to: URL(filePath: folder + "/config.json"))
        try write(tensors)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func write(_ tensors: [(name: String, shape: [Int])]) throws {
        var offset = 0
        let entries = tensors.map { tensor in
            let end = offset + 2 * tensor.shape.reduce(1, *)
            defer { offset = end }
            return
                "\"\(tensor.name)\":{\"dtype\":\"BF16\",\"shape\":\(tensor.shape),\"data_offsets\":[\(offset),\(end)]}"
        }
        var header = "{" + entries.joined(separator: ",") + "}"
        // As the format's own writer does it: what follows lies on a line of 8 bytes, and of no more.
        header += String(repeating: " ", count: -header.utf8.count & 7)
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { throw CocoaError(.fileWriteUnknown) }
        defer { try? file.close() }
        try file.write(contentsOf: withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) })
        try file.write(contentsOf: Data(header.utf8))
        var state: UInt32 = 1
        let weights = (0..<1 << 21).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt16(0x3c00 | state >> 23 | (state & 1 << 15))
        }
        let pool = weights.withUnsafeBytes { Data($0) }
        for first in stride(from: 0, to: offset, by: pool.count) {
            try file.write(contentsOf: pool.prefix(offset - first))
        }
        // What is written out later would disturb what is measured.
        try file.synchronize()
    }
}
