import Foundation
import MixPlanner
import Testing

@Suite struct ModelSpecTests {
    @Test(arguments: Configs.names)
    func bothSpellingsAreEqual(name: String) throws {
        let new = try ModelSpec(contentsOf: Configs.path(name))
        #expect(try ModelSpec(contentsOf: Configs.path(name, "config_hub.json")) == new)
    }

    @Test func everyFamilyIsThere() throws {
        let families = try Set(Configs.names.map { try ModelSpec(contentsOf: Configs.path($0)).family })
        #expect(families == Set(ModelFamily.allCases))
        #expect(ModelFamily(modelType: "kimi_k2") == .deepseekV3)
        #expect(ModelFamily(modelType: "llama") == nil)
    }

    @Test func qwen3() throws {
        let model = try ModelSpec(contentsOf: Configs.path("qwen3_moe_model_sharded"))
        #expect(model.layers == 3 && model.hidden == 64 && model.vocabulary == 320 && model.normEpsilon == 1e-6)
        #expect(
            model.attention
                == AttentionSpec(heads: 8, keyValueHeads: 2, headDimension: 16, normalization: .perHead))
        #expect(model.experts == ExpertsSpec(count: 16, choices: 4, width: 32))
        #expect(model.routing == RoutingSpec(normalizes: true))
        #expect((0..<3).map(model.isMoELayer) == [true, false, true] && model.moeLayerCount == 2)
        #expect(model.denseWidth == 96 && !model.tiesEmbeddings && model.weights == WeightFormat(.bfloat16))
        #expect(model.rotary == RotarySpec(base: 10000))
        #expect(try !ModelSpec(contentsOf: Configs.path("qwen3_moe_no_norm")).routing.normalizes)
    }

    @Test func deepseek() throws {
        let model = try ModelSpec(contentsOf: Configs.path("deepseek_v3_model_yarn"))
        let latent = AttentionSpec.Latent(
            queryRank: nil, keyValueRank: 32, unrotatedDimension: 32, rotatedDimension: 16, valueDimension: 32)
        #expect(model.attention == AttentionSpec(heads: 4, keyValueHeads: 4, headDimension: 48, latent: latent))
        #expect(model.experts == ExpertsSpec(count: 16, choices: 4, width: 32, sharedCount: 2, sharedWidth: 64))
        #expect(model.routing == RoutingSpec(normalizes: true, groups: 4, keptGroups: 2, scale: 1.5))
        #expect(model.denseLayers == [0] && model.denseWidth == 96)
        let yarn = RotarySpec.YaRN(factor: 40, originalLength: 1024, mscale: 1, mscaleAllDimensions: 0.8)
        #expect(model.rotary == RotarySpec(base: 10000, isInterleaved: true, scaling: .yarn(yarn)))
        #expect(try ModelSpec(contentsOf: Configs.path("deepseek_v3_model")).attention.latent?.queryRank != nil)
    }

    /// A window counts where it is used.
    @Test func slidingWindows() throws {
        let text = try Configs.text("qwen3_moe_model")
            .replacingOccurrences(of: "\"sliding_window\": null", with: "\"sliding_window\": 4096")
        #expect(try ModelSpec(json: text.utf8).attention.slidingWindow == nil)
        let used = text.replacingOccurrences(
            of: "\"use_sliding_window\": false", with: "\"use_sliding_window\": true")
        #expect(try ModelSpec(json: used.utf8).attention.slidingWindow == 4096)
    }

    @Test func others() throws {
        let llama = try ModelSpec(contentsOf: Configs.path("llama4"))
        #expect(llama.experts == ExpertsSpec(count: 8, choices: 1, width: 48, sharedCount: 1, sharedWidth: 48))
        #expect(llama.attention.normalization == .withoutWeights && llama.denseWidth == 96 && llama.denseLayers == [])
        #expect(llama.weights.plain == .float32 && llama.vocabulary == 32)
        let oss = try ModelSpec(contentsOf: Configs.path("gpt_oss"))
        #expect(oss.swiGLU == SwiGLUSpec(alpha: 1.702, limit: 7) && oss.attention.hasSinks && oss.attention.hasBiases)
        guard case .yarn(let yarn) = oss.rotary.scaling else { throw Unexpected() }
        #expect(!yarn.truncates && yarn.factor == 32 && yarn.originalLength == 4096)
        let qwen2 = try ModelSpec(contentsOf: Configs.path("qwen2_moe"))
        #expect(qwen2.experts.hasSharedGate && qwen2.experts.sharedWidth == 64 && qwen2.attention.hasBiases)
        #expect(try ModelSpec(contentsOf: Configs.path("glm4_moe")).rotary.share == 0.5)
        #expect(try ModelSpec(contentsOf: Configs.path("mixtral")).attention.headDimension == 32)
        #expect(try ModelSpec(contentsOf: Configs.path("olmoe")).attention.normalization == .acrossHeads)
        #expect(try ModelSpec(contentsOf: Configs.path("qwen3_moe_fp8")).weights.quantization == .float8Blocks)
    }

    private struct Unexpected: Error {}

    /// Every second layer of a Llama 4 without a list, and the name of a text-only checkpoint.
    @Test func llamaByStep() throws {
        let json = """
            {"model_type": "llama4_text", "num_hidden_layers": 4, "hidden_size": 64, "interleave_moe_layer_step": 2,
             "intermediate_size": 48, "intermediate_size_mlp": 96, "num_attention_heads": 4, "num_local_experts": 8,
             "num_experts_per_tok": 1, "vocab_size": 100, "rms_norm_eps": 1e-5, "rope_theta": 500000.0,
             "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                              "original_max_position_embeddings": 8192}}
            """
        let model = try ModelSpec(json: json.utf8)
        #expect(model.denseLayers == [0, 2] && model.attention.keyValueHeads == 4 && model.weights.plain == .bfloat16)
        #expect(
            model.rotary.scaling
                == .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalLength: 8192))
    }

    /// As when somebody has made a model shorter.
    @Test func denseLayersThatAreGone() throws {
        let text = try Configs.text("qwen3_moe_model_sharded").replacingOccurrences(
            of: "\"mlp_only_layers\": [\n    1", with: "\"mlp_only_layers\": [\n    7, 1")
        #expect(try ModelSpec(json: text.utf8).denseLayers == [1])
    }

    /// What a text with one change throws.
    private func error(
        _ name: String = "qwen3_moe", _ old: String, _ new: String, file: String = "config.json"
    ) throws -> PlannerError? {
        let text = try Configs.text(name, file)
        try #require(text.contains(old))
        return #expect(throws: PlannerError.self) {
            try ModelSpec(json: text.replacingOccurrences(of: old, with: new).utf8)
        }
    }

    @Test func namesWhatIsMissing() throws {
        for (name, key) in [
            ("qwen3_moe", "hidden_size"), ("qwen3_moe", "num_local_experts"), ("qwen3_moe", "moe_intermediate_size"),
            ("qwen3_moe", "norm_topk_prob"), ("qwen3_moe", "rope_theta"), ("qwen3_moe", "model_type"),
            ("deepseek_v3", "n_group"), ("deepseek_v3", "kv_lora_rank"), ("deepseek_v3", "first_k_dense_replace"),
            ("gpt_oss", "swiglu_limit"), ("qwen2_moe", "shared_expert_intermediate_size"),
            ("llama4", "num_experts_per_tok"),
        ] {
            guard case .missingKey(let file, let keys, let help) = try error(name, "\"\(key)\"", "\"gone\"") else {
                Issue.record("\(key) was not missed")
                continue
            }
            #expect(file == "config.json" && keys.contains(key) && !help.isEmpty)
        }
        guard
            case .missingKey(_, let keys, _) = try error("qwen3_moe_model_sharded", "\"intermediate_size\"", "\"gone\"")
        else { throw Unexpected() }
        #expect(keys == ["intermediate_size"])
    }

    @Test func namesWhatMakesNoSense() throws {
        for (name, key, old, new) in [
            ("qwen3_moe", "num_experts_per_tok", "8", "33"), ("qwen3_moe", "num_experts_per_tok", "8", "0"),
            ("qwen3_moe", "hidden_size", "64", "-64"), ("qwen3_moe", "hidden_size", "64", "1e30"),
            ("qwen3_moe", "hidden_size", "64", "\"64\""), ("qwen3_moe", "hidden_size", "64", "6.5"),
            ("qwen3_moe", "num_hidden_layers", "1", "9223372036854775807"),
            (
                "qwen3_moe", "hidden_size", "64",
                "16777216, \"moe_intermediate_size\": 16777216, \"num_hidden_layers\": 4096"
            ),
            ("qwen3_moe", "num_key_value_heads", "2", "3"), ("qwen3_moe", "hidden_act", "\"silu\"", "\"gelu\""),
            ("qwen3_moe", "dtype", "\"float32\"", "\"int8\""), ("qwen3_moe", "norm_topk_prob", "true", "1"),
            ("qwen3_moe", "rope_parameters", "{", "7, \"x\": {"), ("qwen3_moe", "rms_norm_eps", "1e-06", "-1"),
            ("deepseek_v3", "n_group", "8", "5"), ("deepseek_v3", "topk_group", "4", "9"),
            ("deepseek_v3", "topk_group", "4", "1"), ("qwen3_moe_model_sharded", "mlp_only_layers", "[\n    1", "[-1"),
            ("qwen3_moe_fp8", "quantization_config.quant_method", "\"fp8\"", "\"awq\""),
        ] {
            let last = key.split(separator: ".").last ?? ""
            guard
                case .invalidValue(_, let found, _, let expected) = try error(
                    name, "\"\(last)\": \(old)", "\"\(last)\": \(new)")
            else {
                Issue.record("\(key) \(new) made sense")
                continue
            }
            #expect(found == key && !expected.isEmpty)
        }
    }

    @Test func refusesWhatHasNoExperts() throws {
        guard case .notMixtureOfExperts(_, let reason) = try error("qwen3_moe", "\"qwen3_moe\"", "\"llama\"") else {
            throw Unexpected()
        }
        #expect(reason.contains("\"llama\""))
        guard case .notMixtureOfExperts = try error("qwen3_moe", "\"mlp_only_layers\": []", "\"mlp_only_layers\": [0]")
        else { throw Unexpected() }
        for text in ["", "[]", "{", "7", "{\"model_type\": 1e999}", String(repeating: "[", count: 100_000)] {
            guard case .malformed = #expect(throws: PlannerError.self, performing: { try ModelSpec(json: text.utf8) })
            else { throw Unexpected() }
        }
        guard
            case .unreadable(let file, _) = #expect(
                throws: PlannerError.self, performing: { try ModelSpec(contentsOf: "/nowhere/config.json") })
        else { throw Unexpected() }
        #expect(file == "/nowhere/config.json")
    }

    /// Damaged files give an error of ours or a model, and no crash.
    @Test func survivesDamage() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("ModelSpecTests.survivesDamage seed \(seed)")
        var random = SplitMix64(state: seed)
        let texts = try Configs.names.map { Array(try Configs.text($0).utf8) }
        let pieces = ["0", "-1", "1e400", "null", "[", "}", "\"", "99999999999999999999", "\u{0}", "true", "NaN"].map {
            Array($0.utf8)
        }
        var refused = 0
        for _ in 0..<2000 {
            var text = texts.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let start = Int.random(in: 0..<text.count, using: &random)
                let length = min(text.count - start, Int.random(in: 0...4, using: &random))
                text.replaceSubrange(start..<start + length, with: pieces.randomElement(using: &random) ?? [])
            }
            do {
                #expect(try ModelSpec(json: text).parameters.total > 0)
            } catch {
                refused += 1
                #expect(!"\(error)".isEmpty)
            }
        }
        #expect(refused > 0)
    }
}
