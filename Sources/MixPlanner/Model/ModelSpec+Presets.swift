extension ModelSpec {
    /// The models that have a name, by it, as their published configurations describe them.
    public static let presets: [(name: String, model: ModelSpec)] = [
        ("deepseek-v3", .deepseekV3), ("deepseek-r1", .deepseekV3), ("kimi-k2", .kimiK2),
        ("qwen3-235b-a22b", .qwen3x235B), ("qwen3-30b-a3b", .qwen3x30B), ("llama-4-maverick", .llama4Maverick),
        ("mixtral-8x7b", .mixtral8x7B), ("gpt-oss-120b", .gptOSS120B), ("glm-4.5-air", .glm45Air),
    ]

    /// The model of that name in ``presets``, if there is one.
    public static func preset(_ name: String) -> ModelSpec? { presets.first { $0.name == name }?.model }

    /// DeepSeek-V3 and DeepSeek-R1: fp8 in blocks.
    public static let deepseekV3 = ModelSpec(
        family: .deepseekV3, layers: 61, hidden: 7168,
        attention: AttentionSpec(heads: 128, keyValueHeads: 128, headDimension: 192, latent: .deepseekV3),
        experts: ExpertsSpec(count: 256, choices: 8, width: 2048, sharedCount: 1, sharedWidth: 2048),
        routing: RoutingSpec(normalizes: true, groups: 8, keptGroups: 4, scale: 2.5), denseWidth: 18432,
        denseLayers: [0, 1, 2], vocabulary: 129280, normEpsilon: 1e-6,
        rotary: RotarySpec(
            base: 10000, isInterleaved: true,
            scaling: .yarn(.init(factor: 40, originalLength: 4096, mscale: 1, mscaleAllDimensions: 1))),
        weights: WeightFormat(.bfloat16, quantization: .float8Blocks))

    /// Kimi-K2: DeepSeek-V3's form with more experts and fewer heads, fp8 in blocks.
    public static let kimiK2 = ModelSpec(
        family: .deepseekV3, layers: 61, hidden: 7168,
        attention: AttentionSpec(heads: 64, keyValueHeads: 64, headDimension: 192, latent: .deepseekV3),
        experts: ExpertsSpec(count: 384, choices: 8, width: 2048, sharedCount: 1, sharedWidth: 2048),
        routing: RoutingSpec(normalizes: true, scale: 2.827), denseWidth: 18432, denseLayers: [0], vocabulary: 163840,
        normEpsilon: 1e-6,
        rotary: RotarySpec(
            base: 50000, isInterleaved: true,
            scaling: .yarn(.init(factor: 32, originalLength: 4096, betaFast: 1, mscale: 1, mscaleAllDimensions: 1))),
        weights: WeightFormat(.bfloat16, quantization: .float8Blocks))

    /// Qwen3-235B-A22B.
    public static let qwen3x235B = ModelSpec(
        family: .qwen3MoE, layers: 94, hidden: 4096,
        attention: AttentionSpec(heads: 64, keyValueHeads: 4, headDimension: 128, normalization: .perHead),
        experts: ExpertsSpec(count: 128, choices: 8, width: 1536), routing: RoutingSpec(normalizes: true),
        denseWidth: 12288, vocabulary: 151936, normEpsilon: 1e-6, rotary: RotarySpec(base: 1e6))

    /// Qwen3-30B-A3B.
    public static let qwen3x30B = ModelSpec(
        family: .qwen3MoE, layers: 48, hidden: 2048,
        attention: AttentionSpec(heads: 32, keyValueHeads: 4, headDimension: 128, normalization: .perHead),
        experts: ExpertsSpec(count: 128, choices: 8, width: 768), routing: RoutingSpec(normalizes: true),
        denseWidth: 6144, vocabulary: 151936, normEpsilon: 1e-6, rotary: RotarySpec(base: 1e6))

    /// Llama 4 Maverick's language model: every second layer has experts.
    public static let llama4Maverick = ModelSpec(
        family: .llama4, layers: 48, hidden: 5120,
        attention: AttentionSpec(heads: 40, keyValueHeads: 8, headDimension: 128),
        experts: ExpertsSpec(count: 128, choices: 1, width: 8192, sharedCount: 1, sharedWidth: 8192),
        routing: RoutingSpec(normalizes: false), denseWidth: 16384,
        denseLayers: Set(stride(from: 0, to: 48, by: 2)), vocabulary: 202048, normEpsilon: 1e-5,
        rotary: RotarySpec(base: 500_000, isInterleaved: true))

    /// Mixtral 8x7B.
    public static let mixtral8x7B = ModelSpec(
        family: .mixtral, layers: 32, hidden: 4096,
        attention: AttentionSpec(heads: 32, keyValueHeads: 8, headDimension: 128),
        experts: ExpertsSpec(count: 8, choices: 2, width: 14336), routing: RoutingSpec(normalizes: true),
        vocabulary: 32000, normEpsilon: 1e-5, rotary: RotarySpec(base: 1e6))

    /// gpt-oss-120b: experts in MXFP4.
    public static let gptOSS120B = ModelSpec(
        family: .gptOSS, layers: 36, hidden: 2880,
        attention: AttentionSpec(
            heads: 64, keyValueHeads: 8, headDimension: 64, hasBiases: true, hasOutputBias: true, hasSinks: true),
        experts: ExpertsSpec(count: 128, choices: 4, width: 2880), routing: RoutingSpec(normalizes: true),
        swiGLU: SwiGLUSpec(limit: 7), vocabulary: 201088, normEpsilon: 1e-5,
        rotary: RotarySpec(
            base: 150_000, scaling: .yarn(.init(factor: 32, originalLength: 4096, truncates: false))),
        weights: WeightFormat(.bfloat16, quantization: .mxfp4, scope: .experts))

    /// GLM-4.5-Air.
    public static let glm45Air = ModelSpec(
        family: .glm4MoE, layers: 46, hidden: 4096,
        attention: AttentionSpec(heads: 96, keyValueHeads: 8, headDimension: 128, hasBiases: true),
        experts: ExpertsSpec(count: 128, choices: 8, width: 1408, sharedCount: 1, sharedWidth: 1408),
        routing: RoutingSpec(normalizes: true), denseWidth: 10944, denseLayers: [0], vocabulary: 151552,
        normEpsilon: 1e-5, rotary: RotarySpec(base: 1e6, share: 0.5))
}

extension AttentionSpec.Latent {
    /// DeepSeek-V3's and Kimi-K2's.
    public static let deepseekV3 = AttentionSpec.Latent(
        queryRank: 1536, keyValueRank: 512, unrotatedDimension: 128, rotatedDimension: 64, valueDimension: 128)
}
