import Foundation

/// The configurations of the golden fixtures.
enum Configs {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Configs")

    static let names = [
        "deepseek_v3", "deepseek_v3_fp8", "deepseek_v3_model", "deepseek_v3_model_yarn", "deepseek_v3_shared2",
        "glm4_moe", "gpt_oss", "llama4", "mixtral", "olmoe", "qwen2_moe", "qwen3_moe", "qwen3_moe_bf16",
        "qwen3_moe_fp8",
        "qwen3_moe_model", "qwen3_moe_model_sharded", "qwen3_moe_no_norm", "qwen3_moe_top1",
    ]

    /// `config.json` is as transformers 5 writes it, `config_hub.json` as published checkpoints have it.
    static func path(_ name: String, _ file: String = "config.json") -> String {
        folder.appendingPathComponent(name).appendingPathComponent(file).path
    }

    static func text(_ name: String, _ file: String = "config.json") throws -> String {
        try String(contentsOfFile: path(name, file), encoding: .utf8)
    }
}
