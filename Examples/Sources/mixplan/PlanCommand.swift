import ArgumentParser
import ExampleSupport
import Foundation
import MixPlanner

/// Finds, prices and compares strategies.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Ranks the strategies of a model on a cluster.",
        discussion: """
            mixplan plan --model deepseek-r1 --cluster 910b-4x8 --input 220 --output 200 --batch 16
            mixplan plan --model config.json --cluster cluster.json --input 2048 --output 256 --rate 4 --slo-ttft 500ms
            """)

    @Option(help: "A config.json, or a model's name: see `mixplan list`.")
    var model: String

    @Option(help: "A cluster's JSON, or its name: see `mixplan list`.")
    var cluster: String

    @Option(help: "Tokens of a prompt.")
    var input = 2048

    @Option(help: "Tokens of an answer.")
    var output = 256

    @Option(help: "Requests per second. Without it as many always run as may.")
    var rate: Double?

    @Option(help: "The most requests that run at the same time.")
    var batch = 256

    @Option(help: "The time to first token that is wanted, such as 500ms.")
    var sloTtft: TimeArgument?

    @Option(help: "The inter-token latency that is wanted, such as 50ms.")
    var sloItl: TimeArgument?

    @Option(help: "By what plans are sorted: throughput, ttft or itl.")
    var objective = Objective.throughput

    @Option(help: "Price this strategy only, such as \"TP=8 + DP=4, TP=8 + EP=4\".")
    var strategy: String?

    @Option(help: "paper: equations (1) to (11) of MixServe; refined.")
    var costModel = CostModelArgument.refined

    @Flag(help: "With the paper's cost model: divide twice, as printed.")
    var printed = false

    @Option(help: "Weights in place of those of the model: stored, bf16 or fp8.")
    var weights = WeightsArgument.stored

    @Option(
        help: """
            How rows get to experts: fused; unfused, as engines without fusion do it; whole-rows, as the library does it unfused.
            """)
    var exchange = Exchange.fused

    @Option(help: "Rows between nodes on the way to experts: bf16, or fp8 with scales.")
    var rows = RowsArgument.bf16

    @Option(help: "Experts of each layer that are held twice.")
    var redundant = 0

    @Flag(help: "Place experts by load, as EPLB does, and not in order.")
    var balanced = false

    @Option(help: "Popularity of experts: the i-th has a share in proportion to i to the power of minus this.")
    var skew: Double?

    @Option(help: "A recorded trace of experts' choices, for their popularity.")
    var trace: String?

    @Option(help: "Nodes in place of the cluster's.")
    var nodes: Int?

    @Flag(help: "Try tensor parallel groups across nodes.")
    var acrossNodes = false

    @Flag(help: "Try strategies that hold weights or hidden states on several ranks alike.")
    var replication = false

    @Flag(inversion: .prefixedNo, help: "Try plans that cut experts differently for prefills and decoding.")
    var phases = true

    @Option(help: "How many plans the table shows.")
    var top = 10

    @Flag(help: "Show which strategies were rejected, and why.")
    var rejected = false

    @Option(help: "Write JSON to this file, or - for standard output, on which there is then nothing else.")
    var json: String?

    @Option(help: "Write a plot of time to first token over throughput to this file.")
    var plot: String?

    @Option(parsing: .upToNextOption, help: "Two strategies: say why the first is better or worse than the second.")
    var explain: [String] = []

    func validate() throws {
        guard redundant >= 0 else { throw ValidationError("--redundant is 0 or more.") }
        guard top >= 1 else { throw ValidationError("--top is 1 or more.") }
        guard explain.isEmpty || explain.count == 2 else {
            throw ValidationError("--explain takes two strategies, each in quotes.")
        }
    }

    func run() throws {
        do {
            try plan()
        } catch let error as PlannerError {
            FileHandle.standardError.write(Data("mixplan: \(error)\n".utf8))
            throw ExitCode.failure
        }
    }

    private func plan() throws {
        let planner = try planner()
        let bar = ProgressBar()
        let begin = ContinuousClock.now
        let search: PlanSearch
        if let strategy {
            search = PlanSearch(plans: [try planner.plan(Strategy(strategy))])
        } else {
            search = try planner.search(for: objective) { bar.show($0) }
        }
        bar.finish()
        let seconds = (ContinuousClock.now - begin) / .seconds(1)
        let explanation: [String]? =
            explain.isEmpty
            ? nil : planner.explain(try planner.plan(Strategy(explain[0])), try planner.plan(Strategy(explain[1])))
        if json != "-" {
            PlanTable(planner: planner, search: search, objective: objective, top: top, showsRejected: rejected)
                .show(searchSeconds: strategy == nil ? seconds : nil, explanation: explanation)
        }
        if let plot {
            try write(
                Data(PlanPlot(search, planner.workload, title: "\(model) on \(planner.cluster.name)").svg.utf8),
                to: plot)
        }
        if let json {
            let report = try PlanReport(
                planner, search, objective: objective, costModel: costModel.rawValue, searchMs: seconds * 1e3,
                explanation: explanation)
            try write(report.json, to: json)
        }
    }

    private func planner() throws -> Planner {
        var spec = try ModelSpec(argument: model)
        weights.apply(to: &spec)
        var cluster = try ClusterSpec(argument: cluster)
        if let nodes, nodes != cluster.nodes {
            cluster.nodes = nodes
            cluster.name += " with \(nodes) node\(nodes == 1 ? "" : "s")"
        }
        var load = skew.map { ExpertLoad.powerLaw(exponent: $0) } ?? .uniform
        if let trace { load = .recorded(try ExpertTrace(contentsOf: trace).loads) }
        return try Planner(
            model: spec, cluster: cluster,
            workload: Workload(
                inputTokens: input, outputTokens: output, rate: rate, batch: batch, ttftLimit: sloTtft?.seconds,
                itlLimit: sloItl?.seconds, load: load),
            options: PlannerOptions(
                costModel: costModel == .paper ? .paper(dividesOnce: !printed) : .refined, exchange: exchange,
                rows: rows.formats, redundantExperts: redundant, balancesExperts: balanced,
                allowsReplication: replication, allowsTensorAcrossNodes: acrossNodes, allowsPhases: phases))
    }
}
