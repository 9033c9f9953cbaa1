import Foundation
package import MixCollectives
package import MixMoE
package import MixPlanner

/// One layer with the inputs and outputs of the reference implementation.
package struct LayerFixture: Sendable {
    /// Inputs and outputs of a case, in float32 or bfloat16.
    package struct Case: Sendable {
        package var name: String
        package var hidden: [Float]
        package var output: [Float]
        package var experts: [Int64]
        package var weights: [Float]

        package var isBFloat16: Bool { name.hasSuffix(".bf16") }
        /// The largest difference over the largest value that is right.
        package var tolerance: Float { isBFloat16 ? 1e-2 : 1e-5 }
    }

    package let name: String
    package let folder: String
    package let spec: ModelSpec
    package let cases: [Case]

    /// All fixtures of single layers; the full set that MIX_FIXTURES names has two more than the repository.
    package static let names =
        [
            "qwen3_moe", "qwen3_moe_top1", "qwen3_moe_bf16", "qwen3_moe_fp8", "deepseek_v3", "deepseek_v3_fp8",
            "mixtral",
            "llama4", "gpt_oss", "qwen2_moe", "glm4_moe", "olmoe",
        ]
        + (ProcessInfo.processInfo.environment["MIX_FIXTURES"] == nil
            ? [] : ["qwen3_moe_no_norm", "deepseek_v3_shared2"])

    package init(_ name: String) throws {
        self.name = name
        folder = Self.path(name)
        spec = try Checkpoint(at: folder).modelSpec()
        let io = try SafetensorsFile(at: folder + "/io.safetensors")
        let suffix = ".hidden_states"
        cases = try io.tensorNames.filter { $0.hasSuffix(suffix) }.map { tensor in
            let name = String(tensor.dropLast(suffix.count))
            let isRounded = name.hasSuffix(".bf16")
            return Case(
                name: name, hidden: try io.floats(named: tensor),
                output: try io.floats(named: name + (isRounded ? ".output_exact" : ".output")),
                experts: try io.integers(named: name + ".selected_experts"),
                weights: try io.floats(named: name + ".routing_weights"))
        }
    }

    /// Where the fixtures are, unless MIX_FIXTURES says so.
    package static func path(_ name: String) -> String {
        if let folder = ProcessInfo.processInfo.environment["MIX_FIXTURES"] { return "\(folder)/\(name)" }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/\(name)").path
    }

    /// Runs every case on a rank with layers of this strategy, and throws at the first thing that is wrong.
    package func check(_ strategy: Strategy, _ world: Communicator, _ options: MoELayerOptions = MoELayerOptions())
        throws
    {
        let checkpoint = try Checkpoint(at: folder)
        for isBFloat16 in [false, true] where cases.contains(where: { $0.isBFloat16 == isBFloat16 }) {
            var options = options
            options.threads = 1
            options.weights = isBFloat16 ? .bfloat16 : .stored
            let layer = try MoELayer(
                checkpoint: checkpoint, layer: 0, strategy: strategy, world: world, options: options)
            defer { layer.close() }
            for one in cases where one.isBFloat16 == isBFloat16 {
                do {
                    if isBFloat16 {
                        try run(one, layer, BFloat16.self)
                    } else {
                        try run(one, layer, Float.self)
                    }
                } catch {
                    throw Wrong("\(name) \(one.name), \(strategy), \(options.communication): \(error)")
                }
            }
        }
    }

    private func run<Element: ExpertElement>(_ one: Case, _ layer: MoELayer, _: Element.Type) throws {
        let (width, k) = (spec.hidden, spec.experts.choices)
        let tokens = one.hidden.count / width
        let (group, groups) = (layer.tokenGroup, layer.strategy.attention.data)
        let own = tokens * group / groups..<tokens * (group + 1) / groups
        let elements = own.lowerBound * width..<own.upperBound * width
        var output = [Element](repeating: Element(.nan), count: elements.count)
        try layer.forward(one.hidden[elements].map { Element($0) }, into: &output)

        let scale = one.output.reduce(Float(1e-30)) { max($0, abs($1)) }
        for (found, wanted) in zip(output, one.output[elements])
        where !(abs(found.float - wanted) <= one.tolerance * scale) {
            throw Wrong("\(found.float) instead of \(wanted), of at most \(scale)")
        }
        let choices = layer.choices
        for (index, token) in own.enumerated() {
            let mine = (0..<k).map { (Int64(choices.experts[index * k + $0]), choices.weights[index * k + $0]) }
                .sorted { $0.0 < $1.0 }
            let theirs = (0..<k).map { (one.experts[token * k + $0], one.weights[token * k + $0]) }
                .sorted { $0.0 < $1.0 }
            for (a, b) in zip(mine, theirs) {
                guard a.0 == b.0, abs(a.1 - b.1) <= (one.isBFloat16 ? 2e-2 : 1e-5) * max(1, abs(b.1)) else {
                    throw Wrong("token \(token) chose \(mine), not \(theirs)")
                }
            }
        }
    }
}
