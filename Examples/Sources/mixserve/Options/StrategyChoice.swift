import Decoder
import Foundation
import MixCollectives
import MixMoE
import MixPlanner

/// How to cut a model, and how its layers communicate: as the user says, or by itself.
struct StrategyChoice {
    let strategy: Strategy
    let communication: MoELayerOptions.Communication
    /// Whether the user left it to the planner.
    private(set) var isAutomatic = false
    /// What the planner expects of it, if anything.
    let performance: Performance?
    /// Whether it expects that more requests come than can be answered: ``performance`` leaves their waiting out then.
    let isOverloaded: Bool

    /// What makes it again.
    var name: String { communication == .unfused ? "\(strategy) unfused" : "\(strategy)" }
    /// What tables call it.
    var title: String { isAutomatic ? "auto: \(name)" : name }

    /// - Parameters:
    ///   - wish: a strategy in the paper's notation, or `auto`; with `unfused` behind it, layers communicate step by step.
    ///   - communication: without that word.
    ///   - cluster: what predictions are made for; assumed, if not given.
    init(
        _ wish: String, _ spec: ModelSpec, nodes: Int, ranks: Int, _ workload: Workload,
        communication: MoELayerOptions.Communication, cluster: ClusterSpec? = nil
    ) throws {
        var words = wish.split(separator: " ")
        if words.last == "unfused" {
            words.removeLast()
            self.communication = .unfused
        } else {
            self.communication = communication
        }
        var unlimited = workload
        unlimited.rate = nil
        // A plan for more requests than can be answered is none; then one without waiting will do.
        let options = PlannerOptions(exchange: self.communication == .unfused ? .wholeRows : .fused)
        func planner(_ workload: Workload) throws -> Planner {
            try Planner(
                model: spec, cluster: cluster ?? .thisMachine(nodes: nodes, ranksPerNode: ranks / nodes),
                workload: workload, options: options)
        }
        let planners = [workload, unlimited].compactMap { try? planner($0) }
        // Of a cluster that was given, what is wrong is to be known.
        if planners.isEmpty, cluster != nil { _ = try planner(unlimited) }
        if words == ["auto"] {
            isAutomatic = true
            strategy = try Self.automatic(spec, nodes: nodes, ranks: ranks, planners)
        } else {
            strategy = try Strategy(words.joined(separator: " "))
            try DecoderModel.check(spec, strategy, rankCount: ranks)
        }
        var plans: [Plan] = []
        for planner in planners { if let plan = try? planner.plan(strategy) { plans.append(plan) } }
        performance = plans.first?.performance
        isOverloaded = workload.rate != nil && plans.count < planners.count
    }

    /// What all ranks take: rank 0's choice, because other machines may have more memory. Collective.
    init(
        _ wish: String, _ spec: ModelSpec, _ world: Communicator, _ workload: Workload,
        communication: MoELayerOptions.Communication, cluster: ClusterSpec? = nil
    ) throws {
        func choice(_ wish: String) throws -> StrategyChoice {
            try StrategyChoice(
                wish, spec, nodes: world.grid.nodeCount, ranks: world.size, workload, communication: communication,
                cluster: cluster)
        }
        guard wish.hasPrefix("auto") else {
            self = try choice(wish)
            return
        }
        var text = [UInt8](repeating: 0, count: 128)
        if world.rank == 0 {
            for (index, byte) in try choice(wish).name.utf8.enumerated() { text[index] = byte }
        }
        try world.broadcast(&text, root: 0)
        self = try choice(String(decoding: text.prefix { $0 != 0 }, as: UTF8.self))
        isAutomatic = true
    }

    /// The planner's best strategy that the decoder can run; without one, tensor parallelism inside nodes and expert
    /// parallelism across them, with lower degrees where the model has too few heads or experts.
    private static func automatic(
        _ spec: ModelSpec, nodes: Int, ranks: Int, _ planners: [Planner]
    ) throws -> Strategy {
        func runs(_ strategy: Strategy) -> Bool {
            (try? DecoderModel.check(spec, strategy, rankCount: ranks)) != nil
        }
        try DecoderModel.check(spec)
        for planner in planners {
            let plans = (try? planner.search(for: .itl).plans) ?? []
            if let plan = plans.first(where: { $0.prefillStrategy == nil && runs($0.strategy) }) {
                return plan.strategy
            }
        }
        let degrees = (1...ranks).filter { ranks.isMultiple(of: $0) }
        func distance(_ tensor: Int) -> Int { abs(tensor - ranks / nodes) }
        var fitting: [Strategy] = []
        for tensor in degrees.sorted(by: { distance($0) < distance($1) }) {
            for cut in degrees.sorted(by: { distance($0) < distance($1) }) {
                fitting.append(
                    try Strategy(
                        attention: Strategy.Attention(tensor: tensor, data: ranks / tensor),
                        experts: Strategy.Experts(tensor: cut, expert: ranks / cut)))
            }
        }
        // Every rank for itself, with all weights, always fits.
        fitting.append(try Strategy(attention: Strategy.Attention(data: ranks), experts: Strategy.Experts()))
        guard let strategy = fitting.first(where: runs) else {
            throw DecoderError.strategy("none cuts this model over \(ranks) ranks evenly; take another number of ranks")
        }
        return strategy
    }
}

extension ClusterSpec {
    /// Virtual nodes of this machine, with round numbers of a server's core in place of measured ones.
    static func thisMachine(nodes: Int, ranksPerNode: Int) -> ClusterSpec {
        ClusterSpec(
            name: "this machine", nodes: nodes, ranksPerNode: ranksPerNode,
            insideNode: LinkClass(name: "shared memory", latency: 1e-6, bandwidth: .flat(5e9)),
            betweenNodes: LinkClass(name: "loopback", latency: 20e-6, bandwidth: .flat(1e9)),
            memoryBandwidth: 10e9,
            memory: Double(ProcessInfo.processInfo.physicalMemory) / Double(nodes * ranksPerNode),
            compute: [.float32: 50e9, .bfloat16: 50e9, .float16: 50e9, .float8: 50e9], source: "assumed")
    }
}
