import Foundation
import Testing

@testable import MixMoE

/// What loading takes of memory, counted by the system in a process that does nothing else.
@Suite struct LoadingMemoryTests {
    /// A layer of 16 experts, 50 MB.
    private static func write(to folder: TemporaryFolder) throws {
        let (hidden, width, experts) = (1024, 512, 16)
        var draft = CheckpointDraft()
        draft.config = """
            {"model_type": "qwen3_moe", "hidden_size": \(hidden), "moe_intermediate_size": \(width), "num_experts": \(experts),
            "num_experts_per_tok": 2, "num_hidden_layers": 1, "intermediate_size": 96, "num_attention_heads": 8,
            "num_key_value_heads": 8, "head_dim": 128, "norm_topk_prob": true, "decoder_sparse_step": 1,
            "mlp_only_layers": [], "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "vocab_size": 32, "hidden_act": "silu"}
            """
        let prefix = "model.layers.0.mlp."
        draft.add(prefix + "gate.weight", "BF16", [experts, hidden], Array(repeating: 1, count: experts * hidden * 2))
        let bytes = Array(repeating: UInt8(2), count: hidden * width * 2)
        for expert in 0..<experts {
            for (name, shape) in [
                ("gate", [width, hidden]), ("up", [width, hidden]), ("down", [hidden, width]),
            ] {
                draft.add("\(prefix)experts.\(expert).\(name)_proj.weight", "BF16", shape, bytes)
            }
        }
        try draft.write(to: folder)
    }

    @Test(.timeLimit(.minutes(2)), arguments: [("TP=1", 1, 1), ("TP=1", 1, 3), ("TP=2", 2, 1), ("EP=2", 2, 2)])
    func peakIsTheShardAndATenth(_ strategy: String, _ ranks: Int, _ threads: Int) throws {
        let folder = try TemporaryFolder()
        try Self.write(to: folder)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("MixTestRank")
        process.arguments = [
            "load", Fixtures.path("qwen3_moe_bf16"), folder.path, strategy, "\(ranks)", "\(threads)",
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let numbers = output.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }
        try #require(numbers.count == 2, "\(output)")
        let (read, peak) = (numbers[0], numbers[1])
        // Every rank reads the router.
        #expect(read == 16 * 1024 * 2 * ranks + 16 * 3 * 1024 * 512 * 2)
        #expect(peak >= read * 9 / 10 && peak <= read * 11 / 10, "\(peak) for \(read)")
    }
}
