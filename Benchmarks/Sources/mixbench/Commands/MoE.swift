import ArgumentParser
import MixCollectives
import MixMoE
import MixPlanner

/// `mixbench moe`: one mixture-of-experts layer of a real model's size, stage by stage.
struct MoE: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "moe",
        abstract: "Measure MoE layers of full size with random weights: router, dispatch, experts, combine.",
        discussion: """
            mixbench moe --preset qwen3-30b-a3b --tokens 1,8,64,512 --ranks 4 --nodes 2 --strategy "TP=2 + EP=2"
            mixbench moe --preset mixtral-8x7b --ranks 1 --threads 2

            --tokens is the number of all ranks' tokens together. Weights read count every expert that any token chose.
            """)

    @Option(help: "A model: qwen3-30b-a3b, mixtral-8x7b, deepseek-v3, …")
    var preset = "qwen3-30b-a3b"

    @Option(help: "Layers, one after the other: each reads weights of its own.")
    var layers = 1

    @Option(help: "Tokens per call, of all ranks together.")
    var tokens = CommaSeparated<Int>(1, 8, 64, 512)

    @Option(help: "How to cut the layer; TP inside nodes and EP across them, if not given.")
    var strategy: String?

    @Option(help: "f32 or bf16 hidden states.")
    var type = DataType.bfloat16

    @Flag(help: "Communicate step by step, instead of fused.")
    var unfused = false

    @Option(help: "Threads per rank; its share of the processors, if not given.")
    var threads: Int?

    @Option(help: "Seconds per row.")
    var seconds = 1.0

    @Option(help: "Append a JSON object per row to this file.")
    var json: String?

    @OptionGroup(title: "Job") var job: JobOptions

    func validate() throws {
        guard layers >= 1 else { throw ValidationError("--layers is at least 1.") }
        guard type == .bfloat16 || type == .float32 else { throw ValidationError("--type is f32 or bf16.") }
        guard tokens.values.allSatisfy({ $0 >= 1 }) else { throw ValidationError("--tokens are at least 1.") }
    }

    func run() throws {
        guard let spec = ModelSpec.preset(preset) else {
            throw ValidationError(
                "There is no preset \(preset); there are \(ModelSpec.presets.map(\.name).joined(separator: ", ")).")
        }
        let world = try job.request.join()
        defer { world.close() }
        let nodes = world.grid.nodeCount
        let cut = try Strategy(strategy ?? "TP=\(world.size / nodes) + EP=\(nodes)")
        let options = MoELayerOptions(threads: threads, communication: unfused ? .unfused : .fused)
        let lines = try json.map { try JSONLines(appendingTo: $0, isWriter: world.rank == 0) }
        let moe = try (0..<layers).map {
            try MoELayer(random: spec, seed: UInt64($0), strategy: cut, world: world, options: options)
        }
        if world.rank == 0 {
            Console.write(
                "# \(preset), \(cut), \(nodes) nodes, \(world.size) ranks, \(layers) layers"
                    + "\(unfused ? ", unfused" : "")\n" + MoERow.heading)
        }
        for count in tokens.values {
            let row =
                try type == .float32
                ? MoEMeasure<Float>.run(moe, tokens: count, world: world, seconds: seconds)
                : MoEMeasure<BFloat16>.run(moe, tokens: count, world: world, seconds: seconds)
            if world.rank == 0 { Console.write(row.line) }
            lines?.append(row.json(preset: preset, strategy: "\(cut)", isFused: !unfused, type: type))
        }
        for layer in moe { layer.close() }
    }
}
