/// The families of mixture-of-experts models that the library knows, by the `model_type` of their configurations.
public enum ModelFamily: String, Sendable, Hashable, CaseIterable, Codable {
    /// Qwen3-30B-A3B, Qwen3-235B-A22B.
    case qwen3MoE = "qwen3_moe"
    /// Qwen1.5-MoE-A2.7B, Qwen2-57B-A14B: shared experts behind a sigmoid gate.
    case qwen2MoE = "qwen2_moe"
    /// OLMoE-1B-7B.
    case olmoe
    /// Mixtral 8x7B, 8x22B.
    case mixtral
    /// DeepSeek-V3 and R1, and Kimi-K2, which has the same form.
    case deepseekV3 = "deepseek_v3"
    /// GLM-4.5.
    case glm4MoE = "glm4_moe"
    /// Llama 4 Scout and Maverick.
    case llama4
    /// gpt-oss-20b and 120b.
    case gptOSS = "gpt_oss"

    /// The family of a `model_type`, under any of the names that its checkpoints have.
    public init?(modelType: String) {
        switch modelType {
        case "kimi_k2": self = .deepseekV3
        case "llama4_text": self = .llama4
        default: self.init(rawValue: modelType)
        }
    }
}
