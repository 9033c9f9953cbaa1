import ArgumentParser
import Decoder
import ExampleSupport
import Foundation
import MixCollectives
import MixMoE
import MixPlanner

/// `mixserve bench`: requests that arrive at random, answered by each strategy in turn.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Serves requests that arrive by a Poisson process, with continuous batching, by one strategy after the other.",
        discussion: """
            Every step takes in the requests that have come, prompt whole, and gives each request that runs one token. \
            All strategies get the same requests at the same times. The stages of a pipeline work on different requests. \
            Weights are random unless --checkpoint names a model: times don't depend on them. Predictions take assumed \
            numbers of the machine unless --cluster names a file.
            """)

    @Option(
        help:
            "A model: \(ModelSpec.presets.map(\.name).joined(separator: ", ")); the decoder runs its two families. (default: \(Self.usualPreset))"
    )
    var preset: String?

    @Option(help: ArgumentHelp("A checkpoint in place of the preset.", valueName: "dir"))
    var checkpoint: String?

    @Option(help: "Only the first layers; all of them, if not given.")
    var layers: Int?

    @Option(help: "Requests per second.")
    var rate = 2.0

    @Option(help: "How many requests.")
    var requests = 32

    @Option(help: "Tokens of a prompt.")
    var input = 128

    @Option(help: "Tokens of an answer.")
    var output = 32

    @Option(help: "Requests that are answered at a time, by all groups together.")
    var sequences = 16

    @Option(help: "Prompt tokens that a step takes in, at most, besides one prompt.")
    var stepTokens = 512

    @Option(
        help:
            "Strategies with ; between them, auto among them, unfused behind those that communicate step by step; if not given, TP inside nodes with DP and EP across them, DP with EP, TP, and TP with a stage per node."
    )
    var strategies: String?

    @Option(help: "f32 or bf16.")
    var type = DecoderOptions.Precision.bfloat16

    @Option(help: "The same seed makes the same requests at the same times.")
    var seed: UInt64 = 1

    @Option(
        help: ArgumentHelp(
            "Write a Chrome trace (Perfetto) of one decode step by the last strategy.", valueName: "file"))
    var trace: String?

    @Option(help: ArgumentHelp("A cluster in JSON, for predictions.", valueName: "file"))
    var cluster: String?

    @Flag(help: "Print a JSON object per strategy instead of the table.")
    var json = false

    @OptionGroup(title: "Job") var job: JobOptions

    private static let usualPreset = "qwen3-30b-a3b"

    func validate() throws {
        guard rate > 0, rate.isFinite else { throw ValidationError("--rate is a number above 0.") }
        guard checkpoint == nil || preset == nil && layers == nil else {
            throw ValidationError("--checkpoint is a whole model: --preset and --layers don't go with it.")
        }
        for (name, value) in [
            ("requests", requests), ("input", input), ("output", output), ("sequences", sequences),
            ("step-tokens", stepTokens), ("layers", layers ?? 1),
        ] where !(1...1 << 20).contains(value) {
            throw ValidationError("--\(name) is 1 to \(1 << 20).")
        }
    }

    func run() throws {
        let weights = try makeWeights()
        let spec = weights.spec
        let workload = Workload(
            inputTokens: input, outputTokens: output, rate: rate, batch: sequences, stepTokens: input + stepTokens)
        func options(_ choice: StrategyChoice) -> DecoderOptions {
            // Each microbatch of each group has its share; here is room for the largest.
            let shares = choice.strategy.pipeline * choice.strategy.attention.data
            return DecoderOptions(
                context: input + max(output, trace == nil ? 1 : 2),
                sequences: (sequences + shares - 1) / shares * choice.strategy.pipeline, precision: type,
                communication: choice.communication, threads: job.threads)
        }
        let mostTokens = input + stepTokens + sequences
        if !Launcher.isRank {
            if let trace { try StepTraceFile(path: trace).check() }
            let choices = try choices(nodes: job.nodes, ranks: job.ranks) { wish, cluster in
                try StrategyChoice(
                    wish, spec, nodes: job.nodes, ranks: job.ranks, workload, communication: job.communication,
                    cluster: cluster)
            }
            for choice in choices {
                try DecoderModel.check(spec, choice.strategy, rankCount: job.ranks, options(choice))
                try MemoryCheck(
                    spec, choice.strategy, rankCount: job.ranks, options(choice), stepTokens: mostTokens
                ).check()
            }
        }
        try job.asRank { world in
            let choices = try choices(nodes: world.grid.nodeCount, ranks: world.size) { wish, cluster in
                try StrategyChoice(wish, spec, world, workload, communication: job.communication, cluster: cluster)
            }
            for choice in choices {
                try MemoryCheck(spec, choice.strategy, on: world, options(choice), stepTokens: mostTokens)?.check()
            }
            // Nobody takes any before all have looked.
            try world.barrier()
            var report = ServingReport(
                ServingReport.Setting(
                    model: checkpoint ?? preset ?? Self.usualPreset, layers: spec.layers, nodes: world.grid.nodeCount,
                    ranks: world.size,
                    type: type.rawValue, requests: requests, inputTokens: input, outputTokens: output, rate: rate),
                isJSON: json)
            if world.rank == 0 { report.begin() }
            for (index, choice) in choices.enumerated() {
                let model = try DecoderModel(
                    weights, strategy: choice.strategy, world: world, options: options(choice))
                defer { model.close() }
                let arrivals = Arrivals(
                    count: requests, rate: rate, promptTokens: input, vocabulary: spec.vocabulary, seed: seed)
                let session = ServingSession(
                    model, world, arrivals, sequences: sequences, answerTokens: output, stepTokens: stepTokens)
                let result = try session.run()
                if world.rank == 0 { try report.add(result, choice) }
                if let trace, index == choices.count - 1 {
                    try StepTraceFile(path: trace).record(
                        model, world, sequences: model.options.sequences, promptTokens: input)
                }
            }
        }
    }

    private func makeWeights() throws -> ModelWeights {
        if let checkpoint {
            let weights = try ModelWeights(Checkpoint(at: checkpoint))
            try DecoderModel.check(weights.spec)
            return weights
        }
        let name = preset ?? Self.usualPreset
        guard var spec = ModelSpec.preset(name) else {
            throw ValidationError(
                "There is no preset \(name); there are \(ModelSpec.presets.map(\.name).joined(separator: ", ")).")
        }
        try DecoderModel.check(spec)
        if let layers {
            guard layers <= spec.layers else {
                throw ValidationError("--layers \(layers): \(name) has \(spec.layers).")
            }
            spec.layers = layers
            spec.denseLayers = spec.denseLayers.filter { $0 < spec.layers }
            guard spec.denseLayers.count < layers else {
                throw ValidationError("--layers \(layers): the first \(layers) of \(name) have no experts.")
            }
        }
        return ModelWeights(random: spec)
    }

    private func choices(
        nodes: Int, ranks: Int, _ choose: (String, ClusterSpec?) throws -> StrategyChoice
    ) throws -> [StrategyChoice] {
        let cluster = try cluster.map { try ClusterSpec(argument: $0, nodes: nodes, ranks: ranks) }
        if let strategies {
            let wishes = strategies.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
                .filter { !$0.isEmpty }
            guard !wishes.isEmpty else { throw ValidationError("--strategies names none.") }
            return try wishes.map { try choose($0, cluster) }
        }
        let lanes = ranks / nodes
        var seen: Set<Strategy> = []
        let usual = [
            "TP=\(lanes) + DP=\(nodes), TP=\(lanes) + EP=\(nodes)", "DP=\(ranks), EP=\(ranks)", "TP=\(ranks)",
            "TP=\(lanes) [PP=\(nodes)]",
        ]
        let choices = usual.compactMap { try? choose($0, cluster) }.filter { seen.insert($0.strategy).inserted }
        // Where none fits, the first one says why.
        return choices.isEmpty ? [try choose(usual[0], cluster)] : choices
    }
}
