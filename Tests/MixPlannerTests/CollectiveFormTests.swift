import MixSchedule
import Testing

@testable import MixPlanner

/// Closed forms against the simulation of the schedules that they stand for.
@Suite struct CollectiveFormTests {
    private static let clusters: [ClusterSpec] = [.ascend910B(nodes: 4), .h20(nodes: 2), .h100(nodes: 8)]

    /// A cluster of as many nodes and lanes as a collective has.
    private func part(_ cluster: ClusterSpec, nodes: Int, lanes: Int) -> ClusterSpec {
        var part = cluster
        part.nodes = nodes
        part.ranksPerNode = lanes
        return part
    }

    private func simulate(
        _ cluster: ClusterSpec, _ operation: MixSchedule.Operation, _ algorithm: String, blocks bytes: Int, output: Int
    ) throws -> Double {
        let topology = Topology(nodeCount: cluster.nodes, ranksPerNode: cluster.ranksPerNode)
        let schedules = try #require(Algorithm.named(algorithm, for: operation)).buildAll(topology: topology)
        let layouts = schedules.map {
            Layouts(
                input: .equal(count: bytes, blocks: $0.inputBlocks),
                output: .equal(count: output, blocks: $0.outputBlocks))
        }
        return try SchedulePricer(cluster).timeline(schedules, layouts: layouts).duration
    }

    @Test(arguments: clusters, [1 << 12, 1 << 18, 1 << 26])
    func collectives(cluster: ClusterSpec, bytes: Int) throws {
        for (nodes, lanes) in [(1, 2), (1, 8), (4, 1), (2, 8), (4, 2)] {
            let cluster = part(cluster, nodes: nodes, lanes: lanes)
            let forms = CollectiveForms(cluster)
            let shape = GroupShape(nodes: nodes, perNode: lanes)
            let kind = nodes == 1 ? "direct" : lanes == 1 ? "ring" : "hierarchical"
            var pairs = [
                (
                    "reduce-scatter", forms.reduceScatter(Double(bytes), shape),
                    try simulate(cluster, .reduceScatter, kind, blocks: bytes, output: bytes / shape.size)
                ),
                (
                    "all-gather", forms.allGather(Double(bytes), shape),
                    try simulate(cluster, .allGather, kind, blocks: bytes / shape.size, output: bytes)
                ),
                (
                    "all-to-all", forms.allToAll(block: Double(bytes / shape.size), shape),
                    try simulate(cluster, .allToAll, "hierarchical", blocks: bytes, output: bytes)
                ),
            ]
            let reduce = lanes == 1 ? ["ring", "halving-doubling"] : [kind]
            pairs.append(
                (
                    "all-reduce", forms.allReduce(Double(bytes), shape),
                    try reduce.map { try simulate(cluster, .allReduce, $0, blocks: bytes, output: bytes) }.min() ?? 0
                ))
            for (name, form, simulation) in pairs {
                #expect(
                    abs(form / simulation - 1) < 0.15,
                    "\(name) of \(bytes) on \(nodes) × \(lanes) of \(cluster.name): \(form) for \(simulation)")
            }
        }
    }

    @Test(arguments: clusters, [1, 64, 4096])
    func exchanges(cluster: ClusterSpec, tokens: Int) throws {
        for (nodes, lanes) in [(2, 8), (4, 8), (4, 2), (8, 1)] {
            let cluster = part(cluster, nodes: nodes, lanes: lanes)
            let traffic = ExpertTraffic(tokensPerNode: tokens, hidden: 7168, experts: 256, choices: 8)
            let pricer = try SchedulePricer(cluster)
            let forms = CollectiveForms(cluster)
            let grid = ExpertGrid(
                lanes: GroupShape(nodes: 1, perNode: lanes), groups: GroupShape(nodes: nodes, perNode: 1))
            let volumes = RowVolumes(
                tokens: Double(tokens), hidden: 7168, rows: traffic.rows(nodes: nodes) / Double(tokens),
                choices: 8 / Double(nodes), formats: RowFormats(), sumsChoices: false)
            let dispatch = try pricer.price(.fusedDispatch, of: traffic)
            let combine = try pricer.price(.fusedCombine, of: traffic)
            for (name, form, simulation) in [
                ("dispatch", forms.fusedDispatch(volumes, grid), dispatch.fused),
                ("combine", forms.fusedCombine(volumes, grid), combine.fused),
                ("unfused dispatch", forms.unfusedDispatch(volumes, grid), dispatch.unfused),
                ("unfused combine", forms.unfusedCombine(volumes, grid), combine.unfused),
            ] {
                #expect(
                    abs(form / simulation - 1) < 0.2,
                    "\(name) of \(tokens) on \(nodes) × \(lanes) of \(cluster.name): \(form) for \(simulation)")
            }
        }
    }
}
