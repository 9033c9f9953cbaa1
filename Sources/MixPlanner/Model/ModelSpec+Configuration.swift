#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension ModelSpec {
    /// Reads the `config.json` of a checkpoint.
    ///
    /// - Throws: ``PlannerError`` if the file cannot be read, is not the configuration of a mixture-of-experts model of
    ///   one of the families, lacks a key, or has a value that makes no sense.
    public init(contentsOf path: String) throws(PlannerError) {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw .unreadable(file: path, reason: "is there such a file, and may it be read?")
        }
        try self.init(json: data, file: path)
    }

    /// Reads a configuration in either spelling: of transformers 5, or of checkpoints published before.
    ///
    /// - Parameters:
    ///   - json: the text, in UTF-8.
    ///   - file: what errors call it.
    public init(json: some Sequence<UInt8>, file: String = "config.json") throws(PlannerError) {
        let config = try ConfigReader(json: json, file: file).over("text_config")
        let family = try ModelSpec.family(config)
        let layers = try config.integer("num_hidden_layers", in: 1...4096, help: "the number of decoder layers")
        let hidden = try config.integer("hidden_size", in: dimensions, help: "the elements of a hidden state")
        let experts = try ExpertsSpec(config, family)
        let denseLayers = try ModelSpec.denseLayers(config, family, layers: layers)
        guard denseLayers.count < layers else {
            throw .notMixtureOfExperts(file: file, reason: "all of its \(layers) layers are dense")
        }
        if let activation = try config.optionalString("hidden_act"), activation != "silu" {
            throw config.invalid("hidden_act", "\"silu\", as in all models of this family")
        }
        let denseKey = family == .llama4 ? "intermediate_size_mlp" : "intermediate_size"
        var denseWidth: Int?
        if [.qwen3MoE, .qwen2MoE, .deepseekV3, .glm4MoE, .llama4].contains(family) {
            denseWidth = try config.optionalInteger(denseKey, in: dimensions)
        }
        if !denseLayers.isEmpty, denseWidth == nil {
            throw config.missing([denseKey], help: "the width of the \(denseLayers.count) layers without experts")
        }
        self.init(
            family: family, layers: layers, hidden: hidden,
            attention: try AttentionSpec(config, family, hidden: hidden), experts: experts,
            routing: try RoutingSpec(config, family, experts),
            swiGLU: family == .gptOSS
                ? SwiGLUSpec(
                    alpha: try config.optionalNumber("swiglu_alpha", atLeast: 0) ?? 1.702,
                    limit: try config.number("swiglu_limit", atLeast: 0, help: "where the activation is clamped, 7"))
                : nil,
            denseWidth: denseWidth, denseLayers: denseLayers,
            vocabulary: try config.integer("vocab_size", in: 1...1 << 28, help: "the number of tokens"),
            normEpsilon: try config.number("rms_norm_eps", atLeast: 0, help: "the ε of the norms, such as 1e-6"),
            rotary: try RotarySpec(config, family),
            tiesEmbeddings: try config.optionalFlag("tie_word_embeddings") ?? false,
            weights: try WeightFormat(config))
        guard approximateParameters < 1e15 else {
            throw config.invalid("hidden_size", "one of a model of fewer than 10¹⁵ parameters, with the other sizes")
        }
    }

    /// At least a part of what there is, without the danger of an overflow.
    private var approximateParameters: Double {
        let (hidden, heads) = (Double(hidden), Double(attention.heads))
        let dimension = Double(attention.headDimension)
        var layer = 4 * hidden * heads * dimension
        if let latent = attention.latent {
            let ranks = Double(latent.queryRank ?? 0) + Double(latent.keyValueRank)
            layer += (hidden + heads * (dimension + Double(latent.valueDimension))) * ranks
        }
        let widths = Double(experts.count * experts.width) + Double(experts.sharedWidth) + Double(denseWidth ?? 0)
        return Double(layers) * (layer + 3 * hidden * widths) + 2 * Double(vocabulary) * hidden
    }

    private static func family(_ config: ConfigReader) throws(PlannerError) -> ModelFamily {
        let known = ModelFamily.allCases.map(\.rawValue).joined(separator: ", ")
        guard let type = try config.optionalString("model_type") else {
            throw config.missing(["model_type"], help: "one of \(known)")
        }
        guard let family = ModelFamily(modelType: type) else {
            throw .notMixtureOfExperts(
                file: config.file, reason: "the library does not know model_type \"\(type)\", only \(known)")
        }
        return family
    }

    private static func denseLayers(
        _ config: ConfigReader, _ family: ModelFamily, layers: Int
    ) throws(PlannerError) -> Set<Int> {
        let all = 0..<layers
        switch family {
        case .deepseekV3, .glm4MoE:
            let first = try config.integer(
                "first_k_dense_replace", in: 0...4096, help: "how many layers come before the first with experts")
            return Set(all.prefix(first))
        case .qwen3MoE, .qwen2MoE:
            let step = try config.optionalInteger("decoder_sparse_step", in: 1...4096) ?? 1
            // A configuration that was shortened may name layers that are gone.
            let dense = try config.optionalIntegers("mlp_only_layers", in: 0..<4096) ?? []
            return Set(all.filter { ($0 + 1) % step != 0 || dense.contains($0) })
        case .llama4:
            if let moe = try config.optionalIntegers("moe_layers", in: all) { return Set(all).subtracting(moe) }
            let step = try config.integer(
                "interleave_moe_layer_step", in: 1...4096, help: "every which layer has experts")
            return Set(all.filter { ($0 + 1) % step != 0 })
        case .olmoe, .mixtral, .gptOSS: return []
        }
    }
}

/// Widths of anything. More is a mistake, and would overflow what is counted with them.
private let dimensions = 1...1 << 24

extension ExpertsSpec {
    fileprivate init(_ config: ConfigReader, _ family: ModelFamily) throws(PlannerError) {
        let count = try config.integer(
            "n_routed_experts", "num_experts", "num_local_experts", in: 1...1 << 16,
            help: "without a number of experts this is not a mixture-of-experts model")
        let choices = try config.integer(
            "num_experts_per_tok", "experts_per_token", in: 1...1 << 16, help: "how many experts each token has")
        guard choices <= count else {
            throw config.invalid(
                config.has("num_experts_per_tok") ? "num_experts_per_tok" : "experts_per_token",
                "at most the \(count) experts that there are")
        }
        let width =
            switch family {
            case .qwen3MoE, .qwen2MoE, .deepseekV3, .glm4MoE:
                try config.integer("moe_intermediate_size", in: dimensions, help: "the width of an expert")
            case .olmoe, .mixtral, .llama4, .gptOSS:
                try config.integer("intermediate_size", in: dimensions, help: "the width of an expert")
            }
        self.init(count: count, choices: choices, width: width)
        switch family {
        case .deepseekV3, .glm4MoE:
            sharedCount = try config.optionalInteger("n_shared_experts", in: 0...1 << 12) ?? 1
            sharedWidth = sharedCount * width
        case .qwen2MoE:
            sharedCount = 1
            sharedWidth = try config.integer(
                "shared_expert_intermediate_size", in: dimensions, help: "the width of the shared expert")
            hasSharedGate = true
        case .llama4:
            sharedCount = 1
            sharedWidth = width
        case .qwen3MoE, .olmoe, .mixtral, .gptOSS: break
        }
    }
}

extension RoutingSpec {
    fileprivate init(
        _ config: ConfigReader, _ family: ModelFamily, _ experts: ExpertsSpec
    ) throws(PlannerError) {
        switch family {
        case .mixtral, .gptOSS: self.init(normalizes: true)
        case .llama4: self.init(normalizes: false)
        case .qwen3MoE, .qwen2MoE, .olmoe:
            self.init(normalizes: try config.flag("norm_topk_prob", help: RoutingSpec.normalizing))
        case .deepseekV3, .glm4MoE:
            self.init(
                normalizes: try config.flag("norm_topk_prob", help: RoutingSpec.normalizing),
                groups: try config.integer("n_group", in: 1...1 << 16, help: "the groups of experts, or 1"),
                keptGroups: try config.integer("topk_group", in: 1...1 << 16, help: "the groups looked at, or 1"),
                scale: try config.number("routed_scaling_factor", atLeast: 0, help: "the factor of the weights, or 1"))
            guard experts.count % groups == 0 else {
                throw config.invalid("n_group", "a divisor of the \(experts.count) experts")
            }
            let size = experts.count / groups
            guard keptGroups <= groups, keptGroups * size >= experts.choices, keptGroups == groups || size >= 2 else {
                throw config.invalid(
                    "topk_group",
                    "at most the \(groups) groups, whose \(size) experts each are at least 2 and hold \(experts.choices) choices"
                )
            }
        }
    }

    private static let normalizing = "whether the weights of a token's experts are divided by their sum"
}

extension AttentionSpec {
    fileprivate init(_ config: ConfigReader, _ family: ModelFamily, hidden: Int) throws(PlannerError) {
        let heads = try config.integer("num_attention_heads", in: 1...1 << 16, help: "the number of query heads")
        let keyValueHeads = try config.optionalInteger("num_key_value_heads", in: 1...1 << 16) ?? heads
        guard heads % keyValueHeads == 0 else {
            throw config.invalid("num_key_value_heads", "a divisor of the \(heads) query heads")
        }
        if family == .deepseekV3 {
            let latent = Latent(
                queryRank: try config.optionalInteger("q_lora_rank", in: dimensions),
                keyValueRank: try config.integer("kv_lora_rank", in: dimensions, help: "the size of a latent"),
                unrotatedDimension: try config.integer(
                    "qk_nope_head_dim", in: dimensions, help: "see DeepSeek-V3: 128"),
                rotatedDimension: try config.integer("qk_rope_head_dim", in: dimensions, help: "see DeepSeek-V3: 64"),
                valueDimension: try config.integer("v_head_dim", in: dimensions, help: "see DeepSeek-V3: 128"))
            self.init(
                heads: heads, keyValueHeads: keyValueHeads,
                headDimension: latent.unrotatedDimension + latent.rotatedDimension, latent: latent)
        } else {
            let given = try config.optionalInteger("head_dim", in: dimensions)
            guard given != nil || hidden % heads == 0 else {
                throw config.invalid("num_attention_heads", "a divisor of hidden_size \(hidden), or head_dim be given")
            }
            self.init(heads: heads, keyValueHeads: keyValueHeads, headDimension: given ?? hidden / heads)
        }
        normalization =
            switch family {
            case .qwen3MoE: .perHead
            case .glm4MoE: try config.optionalFlag("use_qk_norm") ?? false ? .perHead : .none
            case .olmoe: .acrossHeads
            case .llama4: try config.optionalFlag("use_qk_norm") ?? true ? .withoutWeights : .none
            case .qwen2MoE, .mixtral, .deepseekV3, .gptOSS: .none
            }
        switch family {
        case .qwen2MoE: hasBiases = try config.optionalFlag("qkv_bias") ?? true
        case .gptOSS:
            hasBiases = try config.optionalFlag("attention_bias") ?? true
            hasOutputBias = hasBiases
            hasSinks = true
        default: hasBiases = try config.optionalFlag("attention_bias") ?? false
        }
        if family == .qwen3MoE || family == .qwen2MoE, try config.optionalFlag("use_sliding_window") ?? false {
            slidingWindow = try config.optionalInteger("sliding_window", in: 1...1 << 28) ?? 4096
        }
    }
}

extension RotarySpec {
    fileprivate init(_ config: ConfigReader, _ family: ModelFamily) throws(PlannerError) {
        let config = try config.over("rope_scaling").over("rope_parameters")
        let base = try config.number(
            "rope_theta", atLeast: 1,
            help: "the base of the rotary embedding, such as 10000, here or in rope_parameters")
        let share = try config.optionalNumber("partial_rotary_factor", atLeast: 0) ?? (family == .glm4MoE ? 0.5 : 1)
        guard share <= 1 else { throw config.invalid("partial_rotary_factor", "at most 1") }
        let isInterleaved =
            switch family {
            case .llama4: true
            case .deepseekV3: try config.optionalFlag("rope_interleave") ?? true
            default: false
            }
        self.init(base: base, share: share, isInterleaved: isInterleaved, scaling: try Scaling(config))
    }
}

extension RotarySpec.Scaling {
    fileprivate init?(_ config: ConfigReader) throws(PlannerError) {
        guard let type = try config.optionalString("rope_type", "type"), type != "default" else { return nil }
        func factor() throws(PlannerError) -> Double {
            try config.number("factor", atLeast: 1, help: "how much longer contexts are")
        }
        func originalLength() throws(PlannerError) -> Int {
            try config.integer(
                "original_max_position_embeddings", "max_position_embeddings", in: 1...1 << 32,
                help: "the tokens of a context before it was made longer")
        }
        switch type {
        case "yarn":
            self = .yarn(
                RotarySpec.YaRN(
                    factor: try factor(), originalLength: try originalLength(),
                    betaFast: try config.optionalNumber("beta_fast", atLeast: 0) ?? 32,
                    betaSlow: try config.optionalNumber("beta_slow", atLeast: 0) ?? 1,
                    mscale: try config.optionalNumber("mscale", atLeast: 0),
                    mscaleAllDimensions: try config.optionalNumber("mscale_all_dim", atLeast: 0),
                    attentionFactor: try config.optionalNumber("attention_factor", atLeast: 0),
                    truncates: try config.optionalFlag("truncate") ?? true))
        case "llama3":
            self = .llama3(
                factor: try factor(),
                lowFrequencyFactor: try config.number("low_freq_factor", atLeast: 0, help: "Llama 3 has 1"),
                highFrequencyFactor: try config.number("high_freq_factor", atLeast: 0, help: "Llama 3 has 4"),
                originalLength: try originalLength())
        case "linear": self = .linear(factor: try factor())
        default: self = .other(type)
        }
    }
}

extension WeightFormat {
    fileprivate init(_ config: ConfigReader) throws(PlannerError) {
        self.init(.bfloat16)
        if let name = try config.optionalString("dtype", "torch_dtype") {
            guard let format = NumberFormat(rawValue: name), format.bytes >= 2 else {
                throw config.invalid(config.has("dtype") ? "dtype" : "torch_dtype", "float32, float16 or bfloat16")
            }
            plain = format
        }
        guard config.has("quantization_config") else { return }
        let config = try config.over("quantization_config")
        switch try config.optionalString("quant_method") {
        case "fp8":
            let key = "weight_block_size"
            guard let block = try config.optionalIntegers(key, in: 1..<1 << 24), block.count == 2 else {
                throw config.invalid(key, "two whole numbers, the rows and columns of a block: [128, 128]")
            }
            quantization = Quantization(format: .float8, blockRows: block[0], blockColumns: block[1], scaleBytes: 4)
        case "mxfp4":
            quantization = .mxfp4
            scope = .experts
        default: throw config.invalid("quant_method", "fp8 with weight_block_size, or mxfp4")
        }
    }
}
