import ArgumentParser
import ExampleSupport
import Foundation
import MixCollectives
import MixMoE
import MixPlanner

/// Splits one mixture-of-experts layer over ranks, and compares what it computes with a reference.
@main
struct MoELayerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "moe-layer",
        abstract: "Runs a layer of a Hugging Face checkpoint, cut by a strategy, beside its stored reference outputs.",
        discussion: """
            DIR has a config.json, the weights (model.safetensors, or shards with an index), and io.safetensors with the \
            inputs and outputs of each case. Exits with 1 when a result lies outside the tolerances: float32 1e-5, \
            bfloat16 1e-2 (the largest difference over the largest value), experts exactly.
            """)

    @Option(help: "The folder with the layer and its inputs and outputs.")
    var fixture: String

    @Option(name: .customLong("case"), help: "Run this case only, such as t64.")
    var caseName: String?

    @Option(help: "The layer's number in the checkpoint, if not the one that the fixture names.")
    var layer: Int?

    @Option(
        help: ArgumentHelp(
            "How to cut the layer: \"TP=2 + EP=2\", or with attention's part, which says who has which tokens: \"TP=2 + DP=2, EP=4\". TP inside nodes and EP across them, if not given.",
            valueName: "strategy"))
    var strategy: String?

    @OptionGroup(title: "Job") var job: JobOptions

    func run() throws {
        let world = try job.join()
        defer { world.close() }
        do {
            guard try check(world) else { throw ExitCode.failure }
        } catch let error where !(error is ExitCode) {
            FileHandle.standardError.write(Data("rank \(world.rank): \(error)\n".utf8))
            throw ExitCode.failure
        }
    }

    /// Runs the cases; whether all are within their tolerances.
    private func check(_ world: Communicator) throws -> Bool {
        let fixture = try Fixture(at: self.fixture)
        let grid = world.grid
        let cut = try Strategy(
            strategy ?? "TP=\(world.size / grid.nodeCount) + EP=\(grid.nodeCount)")
        var names = fixture.caseNames
        if let caseName {
            names = names.filter { $0 == caseName || $0 == caseName + ".bf16" }
            guard !names.isEmpty else {
                throw ValidationError(
                    "There is no case \(caseName); there are \(fixture.caseNames.joined(separator: ", ")).")
            }
        }
        var options = MoELayerOptions(threads: job.threads, communication: job.unfused ? .unfused : .fused)
        let speaker = Speaker(world: world)
        var right = true
        // Cases in bfloat16 are computed with weights rounded to it: a layer of their own.
        for isRounded in [false, true] where names.contains(where: { $0.hasSuffix(".bf16") == isRounded }) {
            options.weights = isRounded ? .bfloat16 : .stored
            let moe = try MoELayer(
                checkpoint: fixture.checkpoint, layer: layer ?? fixture.layer, strategy: cut, world: world,
                options: options)
            if !isRounded || names.allSatisfy({ $0.hasSuffix(".bf16") }) {
                if world.rank == 0 {
                    print("\(moe.spec.family.rawValue), \(cut), nodes: \(grid.nodeCount), ranks: \(world.size)")
                }
                try speaker.say(holding(moe))
            }
            for name in names where name.hasSuffix(".bf16") == isRounded {
                let verdict =
                    try isRounded
                    ? LayerCase<BFloat16>(name, fixture, moe, world).run()
                    : LayerCase<Float>(name, fixture, moe, world).run()
                if world.rank == 0 { print(verdict) }
                right = right && verdict.isRight
            }
            moe.close()
        }
        return right
    }

    /// What this rank has of the layer, in words.
    private func holding(_ moe: MoELayer) -> String {
        let experts = moe.experts
        var runs: [String] = []
        for expert in experts {
            if let last = runs.last, last.hasSuffix("\(expert - 1)") {
                runs[runs.count - 1] = "\(last.split(separator: "–")[0])–\(expert)"
            } else {
                runs.append("\(expert)")
            }
        }
        let share = moe.lanes == 1 ? "whole" : "1/\(moe.lanes) of each"
        return "experts \(runs.joined(separator: ", ")) (\(experts.count) of \(moe.spec.experts.count)), \(share), "
            + "\(moe.bytesRead) bytes read"
    }
}
