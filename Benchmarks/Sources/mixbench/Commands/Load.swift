import ArgumentParser
import Foundation
import MixCollectives
import MixMoE
import MixPlanner

/// `mixbench load`: reading a layer from a checkpoint in the page cache.
struct Load: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure loading a layer of full size, beside cat of its file and copies of its bytes.",
        discussion: """
            mixbench load --ranks 1 --threads 2
            mixbench load --ranks 2 --threads 1 --strategy TP=2 --strategy EP=2
            mixbench load --preset mixtral-8x7b --experts 3 --ranks 1

            Writes a checkpoint of one layer of bfloat16 (1.2 GB for the whole of Qwen3-30B-A3B's) into --folder and removes \
            it afterwards. cat reads the whole file; copy is memcpy of a rank's bytes into fresh memory by as many threads. \
            All take turns, and medians are printed. Peak is the largest resident set (anonymous pages and those of mapped \
            files) less the one before, over the bytes of the rank's shard.
            """)

    @Option(help: "qwen3-30b-a3b or mixtral-8x7b.")
    var preset = "qwen3-30b-a3b"

    @Option(help: "Only so many experts.")
    var experts: Int?

    @Option(help: "How to cut the layer, once or more; TP over all ranks, if not given.")
    var strategy: [String] = []

    @Option(help: "Threads per rank.")
    var threads = 2

    @Option(help: "Rounds.")
    var rounds = 7

    @Option(help: "Where the checkpoint is written.")
    var folder = NSTemporaryDirectory()

    @OptionGroup(title: "Job") var job: JobOptions

    func validate() throws {
        guard threads > 0, rounds > 0 else { throw ValidationError("--threads and --rounds must be positive.") }
        guard experts ?? 1 > 0 else { throw ValidationError("--experts must be positive.") }
    }

    func run() throws {
        guard let spec = ModelSpec.preset(preset), spec.family == .qwen3MoE || spec.family == .mixtral else {
            throw ValidationError("--preset is one of Qwen3's or Mixtral's.")
        }
        let world = try job.request.join()
        defer { world.close() }
        let count = min(experts ?? spec.experts.count, spec.experts.count)
        let strategies = try (strategy.isEmpty ? ["TP=\(world.size)"] : strategy).map { try Strategy($0) }
        let checkpoint = try world.rank == 0 ? LayerCheckpoint(spec, experts: count, in: folder) : nil
        var name = fixedText(checkpoint?.folder ?? "", bytes: 1024)
        try world.broadcast(&name, root: 0)
        let path = text(name[...])
        var measure = LoadMeasure(
            folder: path, path: checkpoint?.path ?? "", strategies: strategies, threads: threads, world: world)
        for _ in 0..<rounds { try measure.round() }
        guard world.rank == 0, let checkpoint else { return }
        let bytes = try FileManager.default.attributesOfItem(atPath: checkpoint.path)[.size] as? Int ?? 0
        let cat = Double(bytes) / median(measure.cat) * 1e-9
        Console.write(
            "# \(preset), \(count) experts, \(world.size) ranks with \(threads) threads, \(rounds) rounds; "
                + "cat reads \(fixed(cat, 2)) GB/s\n"
                + "#      strategy        bytes   load GB/s    / cat   copy GB/s   / copy   peak / shard\n")
        for (strategy, samples) in zip(strategies, measure.samples) {
            let load = Double(samples.bytes) / median(samples.load) * 1e-9
            let copy = Double(samples.bytes) / median(samples.copy) * 1e-9
            Console.write(
                pad("\(strategy)", 15) + pad("\(samples.bytes)", 13) + pad(fixed(load, 2), 12)
                    + pad(fixed(load / cat, 2), 9) + pad(fixed(copy, 2), 12) + pad(fixed(load / copy, 2), 9)
                    + pad(fixed(samples.peak.max()!, 3), 15) + "\n")
        }
    }

    private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
