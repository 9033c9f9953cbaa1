import MixPlanner
import Testing

/// The table of published models: parameters in billions, key and value bytes per token in bf16.
@Suite struct ModelPresetTests {
    @Test(arguments: [
        ("deepseek-v3", 671.0, 37.6, 70272), ("deepseek-r1", 671.0, 37.6, 70272), ("kimi-k2", 1026.4, 32.9, 70272),
        ("qwen3-235b-a22b", 235.1, 22.2, 192512), ("qwen3-30b-a3b", 30.5, 3.4, 98304),
        ("llama-4-maverick", 400.7, 17.2, 196608), ("mixtral-8x7b", 46.7, 12.9, 131072),
        ("gpt-oss-120b", 116.8, 5.7, 73728), ("glm-4.5-air", 106.9, 13.4, 188416),
    ])
    func hasTheParametersOfTheTable(name: String, total: Double, active: Double, keyValueBytes: Int) throws {
        let model = try #require(ModelSpec.preset(name))
        #expect(abs(Double(model.parameters.total) / 1e9 - total) < 0.0500001)
        #expect(abs(Double(model.parameters.active) / 1e9 - active) < 0.0500001)
        #expect(model.keyValueBytesPerToken() == Double(keyValueBytes))
    }

    @Test func namesAreUnique() {
        #expect(Set(ModelSpec.presets.map(\.name)).count == ModelSpec.presets.count)
        #expect(ModelSpec.preset("gpt-2") == nil)
    }
}
