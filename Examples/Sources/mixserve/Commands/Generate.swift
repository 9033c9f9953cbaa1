import ArgumentParser
import Decoder
import ExampleSupport
import Foundation
import MixCollectives
import MixMoE
import MixPlanner

/// `mixserve generate`: the most likely tokens behind a prompt.
struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Continues a prompt with a checkpoint's most likely tokens.",
        discussion: """
            DIR has config.json and the weights (model.safetensors, or shards with an index) of a Qwen3-MoE or DeepSeek-V3 \
            model, as published on Hugging Face. The last line is `ids: …`, the new tokens. With data parallelism the \
            prompt is group 0's, and the other groups take part without tokens.
            """)

    @Option(help: ArgumentHelp("The folder of the model.", valueName: "dir"))
    var checkpoint: String

    @Option(help: ArgumentHelp("The prompt, as numbers of tokens: 5,17,42.", valueName: "ids"))
    var promptIds: TokenList

    @Option(help: "How many tokens to generate. No token ends the text earlier.")
    var generate = 16

    @Option(help: "How to cut the model: \"TP=2 + DP=2, TP=2 + EP=2\", or auto.")
    var strategy = "auto"

    @Option(help: "What rows between products are made of: f32 (for any checkpoint), bf16.")
    var type = DecoderOptions.Precision.float32

    @Option(help: "Tokens that the cache of keys and values has room for; the prompt and what follows, if not given.")
    var context: Int?

    @Flag(help: "Print a JSON object above the last line.")
    var json = false

    @OptionGroup(title: "Job") var job: JobOptions

    func validate() throws {
        guard !promptIds.tokens.isEmpty else { throw ValidationError("--prompt-ids has no token.") }
        for (name, value) in [("generate", generate), ("context", context ?? 1)] where !(1...1 << 24).contains(value) {
            throw ValidationError("--\(name) is 1 to \(1 << 24).")
        }
    }

    func run() throws {
        // Whatever can be wrong is found here once, before ranks are started.
        let checkpoint = try Checkpoint(at: checkpoint)
        let spec = try checkpoint.modelSpec()
        try DecoderModel.check(spec)
        let prompt = promptIds.tokens
        for token in prompt where token < 0 || token >= spec.vocabulary {
            throw DecoderError.unknownToken(token, vocabulary: spec.vocabulary)
        }
        // The last token is never an input.
        let length = prompt.count + generate - 1
        var options = DecoderOptions(context: context ?? length, precision: type, threads: job.threads)
        guard length <= options.context else {
            throw DecoderError.contextFull(tokens: length, capacity: options.context)
        }
        let workload = Workload(inputTokens: prompt.count, outputTokens: generate, batch: 1)
        if !Launcher.isRank {
            let choice = try StrategyChoice(
                strategy, spec, nodes: job.nodes, ranks: job.ranks, workload, communication: job.communication)
            try MemoryCheck(spec, choice.strategy, rankCount: job.ranks, options, stepTokens: prompt.count).check()
        }
        try job.asRank { world in
            let choice = try StrategyChoice(strategy, spec, world, workload, communication: job.communication)
            try MemoryCheck(spec, choice.strategy, on: world, options, stepTokens: prompt.count)?.check()
            // Nobody takes any before all have looked.
            try world.barrier()
            options.communication = choice.communication
            try continuePrompt(checkpoint, choice, world, options)
        }
    }

    private func continuePrompt(
        _ checkpoint: Checkpoint, _ choice: StrategyChoice, _ world: Communicator, _ options: DecoderOptions
    ) throws {
        let clock = ContinuousClock()
        let beginning = clock.now
        let model = try DecoderModel(
            ModelWeights(checkpoint), strategy: choice.strategy, world: world, options: options)
        defer { model.close() }
        let loaded = clock.now
        var ids: [Int] = []
        var batch = model.group == 0 ? Batch(slot: 0, tokens: promptIds.tokens) : Batch()
        var prefilled = loaded
        for step in 0..<generate {
            let next = try model.step(batch)
            if step == 0 { prefilled = clock.now }
            guard model.group == 0 else { continue }
            ids += next
            batch.removeAll()
            batch.append(slot: 0, tokens: next)
        }
        guard world.rank == 0 else { return }
        let itl = generate > 1 ? (clock.now - prefilled) / (generate - 1) : .zero
        let report = GenerationReport(
            model: model.spec.family.rawValue, strategy: choice.name, nodes: world.grid.nodeCount,
            ranks: world.size, type: type.rawValue, ids: ids, bytesRead: model.bytesRead,
            loadSeconds: (loaded - beginning).seconds, ttftSeconds: (prefilled - loaded).seconds,
            itlSeconds: itl.seconds, predictedTtftSeconds: choice.performance?.ttft,
            predictedItlSeconds: choice.performance?.itl)
        Console.write(json ? try report.json() : report.text)
        Console.write("ids: \(ids.map(String.init).joined(separator: ","))\n")
    }
}
