import MixPlanner
import MixSchedule

/// Prints the predictions of Documentation/FusedCollectives.md: what dispatch and combine take on clusters of the paper and
/// on a large one, and a chart of one dispatch.
@main
struct FusedPrediction {
    static let clusters = [ClusterSpec.h20(nodes: 2), .ascend910B(nodes: 4), .h100(nodes: 128)]
    static let models = [
        Model(name: "DeepSeek-V3", hidden: 7168, experts: 256, choices: 8),
        Model(name: "Qwen3-235B", hidden: 4096, experts: 128, choices: 8),
    ]
    static let tokens = [4096, 64]

    struct Model {
        let name: String
        let hidden: Int
        let experts: Int
        let choices: Int

        func traffic(_ tokens: Int, deduplicates: Bool = true) -> ExpertTraffic {
            ExpertTraffic(
                tokensPerNode: tokens, hidden: hidden, experts: experts, choices: choices, deduplicates: deduplicates)
        }
    }

    static func main() throws {
        print("### Dispatch and combine\n")
        try printExchanges()
        print("\n### A whole block\n")
        try printBlocks()
        print("\n### One row per node, and eight-bit rows\n")
        try printOptions()
        print("\n### Sums before combine\n")
        try printSums()
        print("\n### A dispatch in time\n")
        try printCharts()
    }

    static func printExchanges() throws {
        printHead([
            "cluster", "model", "tokens", "", "pieces", "wire MB", "wire", "node", "fused", "overlap", "sequential",
            "unfused", "pure EP", "gain over unfused", "over pure EP",
        ])
        for cluster in clusters {
            let pricer = try SchedulePricer(cluster)
            for model in models {
                for tokens in tokens {
                    for (name, operation) in [
                        ("dispatch", MixSchedule.Operation.fusedDispatch), ("combine", .fusedCombine),
                    ] {
                        let price = try pricer.price(operation, of: model.traffic(tokens))
                        printRow([
                            cluster.name, model.name, "\(tokens)", name, "\(price.pieces)",
                            decimal(Double(price.wireBytes) / 1e6), time(price.betweenNodes), time(price.insideNodes),
                            time(price.fused), decimal(price.overlapEfficiency), time(price.sequential),
                            time(price.unfused), time(price.pureExpertParallel), gain(price.unfused, price.fused),
                            gain(price.pureExpertParallel, price.fused),
                        ])
                    }
                }
            }
        }
    }

    static func printBlocks() throws {
        printHead([
            "cluster", "model", "tokens", "fused", "unfused", "pure EP", "gain over unfused", "over pure EP",
            "fused, sums first", "over pure EP", "eq. (12)", "eq. (13)", "(12)/(13)",
        ])
        for cluster in clusters {
            let pricer = try SchedulePricer(cluster)
            for model in models {
                for tokens in tokens {
                    let traffic = model.traffic(tokens)
                    let dispatch = try pricer.price(.fusedDispatch, of: traffic)
                    let combine = try pricer.price(.fusedCombine, of: traffic)
                    let allReduce = try pricer.allReduceInsideNode(of: traffic)
                    let fused = allReduce + dispatch.fused + combine.fused
                    var summed = traffic
                    summed.sumsChoices = true
                    let sums = try allReduce + dispatch.fused + pricer.price(.fusedCombine, of: summed).fused
                    let unfused = allReduce + dispatch.unfused + combine.unfused
                    let pure =
                        try pricer.reduceScatterInsideNode(of: traffic) + dispatch.pureExpertParallel
                        + combine.pureExpertParallel
                    let hiddenBytes = Double(tokens * model.hidden * 2)
                    let paper = PaperModel(cluster)
                    let (twelve, thirteen) = (
                        paper.pureExpertParallel(hiddenBytes: hiddenBytes, choices: model.choices).total,
                        paper.hybrid(hiddenBytes: hiddenBytes, choices: model.choices).total
                    )
                    printRow([
                        cluster.name, model.name, "\(tokens)", time(fused), time(unfused), time(pure),
                        gain(unfused, fused), gain(pure, fused), time(sums), gain(pure, sums), time(twelve),
                        time(thirteen), gain(twelve, thirteen),
                    ])
                }
            }
        }
    }

    static func printOptions() throws {
        printHead(["cluster", "model", "rows per token", "k rows", "dispatch", "one row per node", "and in e4m3"])
        for cluster in clusters {
            let pricer = try SchedulePricer(cluster)
            for model in models {
                let routing = UniformRouting(experts: model.experts, choices: model.choices, nodes: cluster.nodes)
                let plain = try pricer.price(.fusedDispatch, of: model.traffic(4096, deduplicates: false)).fused
                var traffic = model.traffic(4096)
                let single = try pricer.price(.fusedDispatch, of: traffic).fused
                // A float32 scale for 128 elements.
                traffic.dispatchBytes = 1 + 4.0 / 128
                let narrow = try pricer.price(.fusedDispatch, of: traffic).fused
                printRow([
                    cluster.name, model.name, decimal(routing.distinctRemoteNodes), decimal(routing.remoteChoices),
                    time(plain), "\(time(single)) (\(gain(plain, single)))", "\(time(narrow)) (\(gain(plain, narrow)))",
                ])
            }
        }
    }

    static func printSums() throws {
        printHead(["cluster", "model", "combine of choices", "wire", "node", "combine of sums", "wire", "node", "gain"])
        for cluster in clusters {
            let pricer = try SchedulePricer(cluster)
            for model in models {
                var traffic = model.traffic(4096)
                let choices = try pricer.price(.fusedCombine, of: traffic)
                traffic.sumsChoices = true
                let sums = try pricer.price(.fusedCombine, of: traffic)
                printRow(
                    [cluster.name, model.name]
                        + [choices, sums].flatMap { [time($0.fused), time($0.betweenNodes), time($0.insideNodes)] }
                        + [gain(choices.fused, sums.fused)])
            }
        }
    }

    static func printCharts() throws {
        for (cluster, lanes) in [(ClusterSpec.ascend910B(nodes: 4), 0..<2), (.h20(nodes: 4), 0..<1)] {
            let price = try SchedulePricer(cluster).price(.fusedDispatch, of: models[0].traffic(4096), pieces: 4)
            let shown = lanes.map(String.init).joined(separator: " and ")
            print("\(models[0].name), 4096 tokens per node, \(cluster.name), 4 pieces, lane \(shown) of a node:\n")
            print(indented(price.timeline.text(width: 84, ranks: lanes)) + "\n")
        }
    }

    // MARK: Text

    static func printHead(_ titles: [String]) {
        printRow(titles)
        printRow(titles.indices.map { _ in "---" })
    }

    static func printRow(_ cells: [String]) { print("| " + cells.joined(separator: " | ") + " |") }

    static func indented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }.joined(separator: "\n")
    }

    static func gain(_ slow: Double, _ fast: Double) -> String { decimal(slow / fast) + "×" }

    static func time(_ seconds: Double) -> String {
        seconds < 1e-3 ? decimal(seconds * 1e6, places: 0) + " µs" : decimal(seconds * 1e3) + " ms"
    }

    static func decimal(_ value: Double, places: Int = 2) -> String {
        let scale = places == 0 ? 1 : 100
        let hundredths = Int(value * Double(scale) + 0.5)
        guard places > 0 else { return "\(hundredths)" }
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction / 10)\(fraction % 10)"
    }
}
