import MixSchedule

/// What the library's collectives take on a cluster, by simulating the schedules that it executes, see ``SchedulePricer``.
///
/// Where a group is too large to be simulated in reasonable time, or lies so that no schedule of the library is made for it, the closed
/// form stands in.
struct CollectiveSimulation: CollectivePricing {
    let cluster: ClusterSpec
    let forms: CollectiveForms
    /// The most ranks of a group, and the most transfers of a rank.
    private let mostRanks = 64
    private let mostTransfers = 512

    init(_ cluster: ClusterSpec) {
        self.cluster = cluster
        forms = CollectiveForms(cluster)
    }

    // MARK: Collectives

    func allReduce(_ bytes: Double, _ shape: GroupShape) -> Double {
        guard shape.size > 1 else { return 0 }
        let names =
            shape.nodes == 1 ? ["direct"] : shape.perNode == 1 ? ["ring", "halving-doubling"] : ["hierarchical"]
        let isPower = shape.size & (shape.size - 1) == 0
        return names.filter { isPower || $0 != "halving-doubling" }
            .compactMap { simulate(.allReduce, $0, shape, input: bytes, output: bytes) }.min()
            ?? forms.allReduce(bytes, shape)
    }

    func reduceScatter(_ bytes: Double, _ shape: GroupShape) -> Double {
        simulate(.reduceScatter, name(shape), shape, input: bytes, output: bytes / Double(shape.size))
            ?? forms.reduceScatter(bytes, shape)
    }

    func allGather(_ bytes: Double, _ shape: GroupShape) -> Double {
        simulate(.allGather, name(shape), shape, input: bytes / Double(shape.size), output: bytes)
            ?? forms.allGather(bytes, shape)
    }

    func message(_ bytes: Double, betweenNodes: Bool) -> Double { forms.message(bytes, betweenNodes: betweenNodes) }

    func allToAllDispatch(_ rows: RowVolumes, _ grid: ExpertGrid) -> Double { allToAll(rows.dispatchWire, grid.groups) }

    func allToAllCombine(_ rows: RowVolumes, _ grid: ExpertGrid) -> Double {
        let sum = forms.allToAllCombine(rows, grid) - forms.allToAll(block: rows.combineWire, grid.groups)
        return allToAll(rows.combineWire, grid.groups) + sum
    }

    private func allToAll(_ block: Double, _ shape: GroupShape) -> Double {
        let bytes = block * Double(shape.size)
        return simulate(.allToAll, "hierarchical", shape, input: bytes, output: bytes)
            ?? forms.allToAll(block: block, shape)
    }

    private func name(_ shape: GroupShape) -> String {
        shape.nodes == 1 ? "direct" : shape.perNode == 1 ? "ring" : "hierarchical"
    }

    private func simulate(
        _ operation: MixSchedule.Operation, _ algorithm: String, _ shape: GroupShape, input: Double, output: Double
    ) -> Double? {
        guard shape.size > 1 else { return 0 }
        guard shape.size <= mostRanks, let algorithm = Algorithm.named(algorithm, for: operation) else { return nil }
        let schedules = algorithm.buildAll(
            topology: Topology(nodeCount: shape.nodes, ranksPerNode: shape.perNode))
        let layouts = schedules.map {
            Layouts(
                input: .equal(count: ExpertTraffic.whole(input), blocks: $0.inputBlocks),
                output: .equal(count: ExpertTraffic.whole(output), blocks: $0.outputBlocks))
        }
        return seconds(schedules, layouts, nodes: shape.nodes, ranksPerNode: shape.perNode)
    }

    // MARK: Experts' rows

    func fusedDispatch(_ rows: RowVolumes, _ grid: ExpertGrid) -> Double {
        let memory = blocks(grid, own: rows.dispatchMemory, others: rows.dispatchMemory)
        let wire = blocks(grid, own: rows.dispatchWire, others: rows.dispatchWire)
        let layouts = Layouts(
            input: .counts(memory), output: .counts(memory), scratch: .counts(wire + wire + wire + wire))
        return fastest(rows, grid, layouts) { .fusedDispatch(rank: $0, topology: $1, pieces: $2) }
            ?? forms.fusedDispatch(rows, grid)
    }

    func fusedCombine(_ rows: RowVolumes, _ grid: ExpertGrid) -> Double {
        let wire = blocks(grid, own: rows.sums, others: rows.combineWire)
        let lanes = grid.lanes.size
        let layouts = Layouts(
            input: .counts(blocks(grid, own: rows.partials, others: rows.partials)),
            output: .uniform(blocks: lanes, count: ExpertTraffic.whole(rows.output / Double(lanes))),
            scratch: .counts(wire + wire + wire + wire))
        return fastest(rows, grid, layouts) { .fusedCombine(rank: $0, topology: $1, pieces: $2) }
            ?? forms.fusedCombine(rows, grid)
    }

    func unfusedDispatch(_ rows: RowVolumes, _ grid: ExpertGrid) -> Double { forms.unfusedDispatch(rows, grid) }
    func unfusedCombine(_ rows: RowVolumes, _ grid: ExpertGrid) -> Double { forms.unfusedCombine(rows, grid) }

    /// A block for every group and lane, of which the first group's are its own.
    private func blocks(_ grid: ExpertGrid, own: Double, others: Double) -> [Int] {
        let lanes = grid.lanes.size
        return (0..<grid.groups.size).flatMap { group in
            Array(repeating: ExpertTraffic.whole((group == 0 ? own : others) / Double(lanes)), count: lanes)
        }
    }

    /// With as many pieces as take the least time, as in ``CollectiveForms``.
    private func fastest(
        _ rows: RowVolumes, _ grid: ExpertGrid, _ layouts: Layouts, _ build: (Int, Topology, Int) -> Schedule
    ) -> Double? {
        let lanes = grid.lanes.size
        guard grid.lanes.nodes == 1, grid.groups.size <= mostTransfers else { return nil }
        // Lanes of a group are adjacent here, which makes no difference inside a node.
        let topology = Topology(nodeCount: grid.groups.size, ranksPerNode: lanes)
        let pieces = [1, 2, 4, 8, 16].filter {
            $0 == 1
                || rows.output / Double(lanes * $0) >= 65536 && grid.peers * $0 <= mostTransfers
        }
        return pieces.compactMap { pieces in
            seconds(
                (0..<lanes).map { build($0, topology, pieces) }, Array(repeating: layouts, count: lanes),
                nodes: grid.groups.nodes, ranksPerNode: lanes * grid.groups.perNode)
        }.min()
    }

    private func seconds(_ schedules: [Schedule], _ layouts: [Layouts], nodes: Int, ranksPerNode: Int) -> Double? {
        var part = cluster
        part.nodes = nodes
        part.ranksPerNode = ranksPerNode
        // The node's other groups are at it meanwhile.
        part.measured?.processorsPerNode = max(
            1, (cluster.measured?.processorsPerNode ?? 1) * ranksPerNode / cluster.ranksPerNode)
        part.measured?.wiresPerNode = max(
            1, (cluster.measured?.wiresPerNode ?? 1) * ranksPerNode / cluster.ranksPerNode)
        return try? SchedulePricer(part).timeline(schedules, layouts: layouts).duration
    }
}
