/// What the library's collectives take on a cluster, in closed form.
///
/// Each formula sums, for the busiest rank of one schedule, what keeps its wire busy and what keeps its port to its mates
/// busy, as ``SchedulePricer`` charges both, and adds what cannot overlap: the first and the last piece, and latencies. It is
/// for searches, in which simulating every schedule would take minutes; tests hold it against the simulation.
struct CollectiveForms: CollectivePricing, Sendable {
    let inside: LinkClass
    let between: LinkClass
    /// Seconds per byte of own memory read or written.
    let memory: Double
    /// Seconds per byte of operands added up.
    let reduction: Double

    init(_ cluster: ClusterSpec) {
        inside = cluster.insideNode
        between = cluster.betweenNodes
        memory = 1 / cluster.memoryBandwidth
        reduction = 1 / cluster.reductionBandwidth
    }

    /// Copies and reductions: the longest of bytes from and to mates, own bytes, and operands.
    private func moving(mates: Double, own: Double, operands: Double = 0) -> Double {
        max(inside.bandwidth.seconds(mates), own * memory, operands * reduction)
    }

    // MARK: Collectives

    /// All-reduce of `bytes` on every rank: direct inside a node; between nodes a ring per lane, or halving and doubling
    /// where a group has one rank per node.
    func allReduce(_ bytes: Double, _ shape: GroupShape) -> Double {
        let lanes = Double(shape.perNode)
        if shape.nodes == 1 {
            guard shape.perNode > 1 else { return 0 }
            let mates = 2 * (lanes - 1) / lanes * bytes
            return moving(mates: mates, own: 2 * bytes / lanes, operands: bytes) + 2 * inside.latency
        }
        let ring = ringAllReduce(bytes / lanes, shape.nodes)
        guard shape.perNode > 1 else {
            let isPower = shape.nodes & (shape.nodes - 1) == 0
            return isPower ? min(ring, halvingDoubling(bytes, shape.nodes)) : ring
        }
        return scattering(bytes, lanes, shape.nodes, then: ring) + allGatherInside(bytes, lanes)
    }

    /// Reduce-scatter of `bytes` on every rank, of which each gets its part.
    func reduceScatter(_ bytes: Double, _ shape: GroupShape) -> Double {
        let lanes = Double(shape.perNode)
        guard shape.nodes > 1, lanes > 1 else {
            return reduceScatterInside(bytes, lanes) + ringReduceScatter(bytes / lanes, shape.nodes)
        }
        return scattering(bytes, lanes, shape.nodes, then: ringReduceScatter(bytes / lanes, shape.nodes))
    }

    /// A reduce-scatter inside nodes, block by block, of which the ring takes one while the next one is reduced.
    private func scattering(_ bytes: Double, _ lanes: Double, _ nodes: Int, then ring: Double) -> Double {
        let all = reduceScatterInside(bytes, lanes) - 2 * inside.latency
        let first = all / Double(nodes)
        return inside.latency + first + max(ring, all - first)
    }

    /// All-gather of equal parts of `bytes` to every rank.
    func allGather(_ bytes: Double, _ shape: GroupShape) -> Double {
        let lanes = Double(shape.perNode)
        let node = allGatherInside(bytes, lanes)
        guard shape.nodes > 1, lanes > 1 else { return ringAllGather(bytes / lanes, shape.nodes) + node }
        // What came is gathered while the next is on the wire.
        let copies = node - 2 * inside.latency
        let last = copies / Double(shape.nodes)
        return max(ringAllGather(bytes / lanes, shape.nodes), copies - last) + last + 2 * inside.latency
    }

    /// All-to-all in which every rank has so many bytes for every rank: messages between nodes beside copies inside them.
    func allToAll(block bytes: Double, _ shape: GroupShape) -> Double {
        guard shape.size > 1 else { return 0 }
        let mates = Double(shape.perNode - 1)
        let strangers = Double(shape.size - shape.perNode)
        let node = mates * moving(mates: bytes, own: bytes) + 2 * bytes * memory + (mates > 0 ? 2 * inside.latency : 0)
        return max(node, strangers * between.bandwidth.seconds(bytes) + (strangers > 0 ? between.latency : 0))
    }

    /// One message from a rank to another one, which is on another node unless there is one only.
    func message(_ bytes: Double, betweenNodes: Bool) -> Double {
        let link = betweenNodes ? between : inside
        return link.latency + link.bandwidth.seconds(bytes)
    }

    private func reduceScatterInside(_ bytes: Double, _ lanes: Double) -> Double {
        guard lanes > 1 else { return 0 }
        return moving(mates: (lanes - 1) / lanes * bytes, own: 2 * bytes / lanes, operands: bytes) + 2 * inside.latency
    }

    private func allGatherInside(_ bytes: Double, _ lanes: Double) -> Double {
        guard lanes > 1 else { return 0 }
        let part = bytes / lanes
        return (lanes - 1) * moving(mates: part, own: part) + 2 * part * memory + 2 * inside.latency
    }

    private func ringReduceScatter(_ bytes: Double, _ nodes: Int) -> Double {
        let part = bytes / Double(nodes)
        let step = between.latency + between.bandwidth.seconds(part)
        return Double(nodes - 1) * (step + max(3 * part * memory, 2 * part * reduction))
    }

    private func ringAllGather(_ bytes: Double, _ nodes: Int) -> Double {
        Double(nodes - 1) * (between.latency + between.bandwidth.seconds(bytes / Double(nodes)))
    }

    private func ringAllReduce(_ bytes: Double, _ nodes: Int) -> Double {
        ringReduceScatter(bytes, nodes) + ringAllGather(bytes, nodes)
    }

    private func halvingDoubling(_ bytes: Double, _ nodes: Int) -> Double {
        var (total, part) = (0.0, bytes)
        for _ in 0..<nodes.trailingZeroBitCount {
            part /= 2
            total +=
                2 * (between.latency + between.bandwidth.seconds(part)) + max(3 * part * memory, 2 * part * reduction)
        }
        return total
    }

    // MARK: Experts' rows

    /// Fused dispatch of rows from every group of lanes to every other one.
    func fusedDispatch(_ rows: RowVolumes, _ grid: ExpertGrid) -> Double {
        let lanes = Double(grid.lanes.size)
        let (part, wire) = (rows.dispatchMemory / lanes, rows.dispatchWire / lanes)
        let pack = (part + wire) * memory
        let gather = (part + wire) * memory + (lanes - 1) * fromMates(wire, own: part, grid)
        let keep = 2 * rows.dispatchMemory * memory
        let near = Double(grid.nearPeers) * inside.bandwidth.seconds(wire)
        let peers = Double(grid.peers)
        return fastest(rows, grid) { pieces in
            let piece = 1 / pieces
            let carried = Double(grid.farPeers) * pieces * between.bandwidth.seconds(wire * piece)
            let first = pack * piece + linkLatency(grid) + (carried + near) / max(1, peers) * piece
            let node = peers * (pack + gather) + keep + near
            return max(
                pack * piece + carried + linkLatency(grid) + gather * piece + sharing(grid),
                node + max(0, first - peers * pack - keep) + sharing(grid))
        }
    }

    /// Fused combine of rows from every group of lanes to their owners.
    func fusedCombine(_ rows: RowVolumes, _ grid: ExpertGrid) -> Double {
        let lanes = Double(grid.lanes.size)
        let (partial, wire) = (rows.partials / lanes, rows.combineWire / lanes)
        let (sum, output) = (rows.sums / lanes, rows.output / lanes)
        func reduce(into own: Double) -> Double {
            max(
                fromMates((lanes - 1) * partial, own: partial + own, grid),
                rows.partials * reduction)
        }
        let touched = min(sum, wire)
        let add = max((2 * touched + wire) * memory, (touched + wire) * reduction)
        let gather = (sum + output) * memory + (lanes - 1) * fromMates(sum, own: output, grid)
        let near = Double(grid.nearPeers) * inside.bandwidth.seconds(wire)
        let peers = Double(grid.peers)
        return fastest(rows, grid) { pieces in
            let piece = 1 / pieces
            let carried = Double(grid.farPeers) * pieces * between.bandwidth.seconds(wire * piece)
            let node = peers * (reduce(into: wire) + add) + reduce(into: sum) + gather + near
            return max(
                reduce(into: wire) * piece + carried + linkLatency(grid) + add * piece + gather * piece,
                node) + 1.5 * sharing(grid)
        }
    }

    /// Rows of each rank's share of the tokens to experts that are whole on one rank.
    func allToAllDispatch(_ rows: RowVolumes, _ grid: ExpertGrid) -> Double {
        allToAll(block: rows.dispatchWire, grid.groups)
    }

    /// The same on the way back, with the sum of what arrives.
    func allToAllCombine(_ rows: RowVolumes, _ grid: ExpertGrid) -> Double {
        let arrived = rows.combineWire * Double(grid.groups.size)
        return allToAll(block: rows.combineWire, grid.groups)
            + max((arrived + rows.output) * memory, arrived * reduction)
    }

    /// Dispatch as engines without fusion do it: every lane sends whole rows of all tokens that its group holds.
    func unfusedDispatch(_ rows: RowVolumes, _ grid: ExpertGrid) -> Double {
        let peers = Double(grid.peers)
        let near = Double(grid.nearPeers) * inside.bandwidth.seconds(rows.dispatchWire)
        let far = Double(grid.farPeers) * between.bandwidth.seconds(rows.dispatchWire)
        return 2 * peers * (rows.dispatchMemory + rows.dispatchWire) * memory + 2 * rows.dispatchMemory * memory
            + near + far + linkLatency(grid)
    }

    /// Combine as engines without fusion do it: an all-reduce among lanes of the rows for everybody, then every lane sends whole
    /// rows.
    func unfusedCombine(_ rows: RowVolumes, _ grid: ExpertGrid) -> Double {
        let peers = Double(grid.peers)
        let near = Double(grid.nearPeers) * inside.bandwidth.seconds(rows.combineWire)
        let far = Double(grid.farPeers) * between.bandwidth.seconds(rows.combineWire)
        let add = max(3 * min(rows.sums, rows.combineWire) * memory, 2 * rows.combineWire * reduction)
        return reduceScatter(rows.partials * (peers + 1), grid.lanes)
            + allGather(rows.combineWire * (peers + 1), grid.lanes)
            + near + far + linkLatency(grid) + peers * add + (rows.sums + rows.output) * memory - sharing(grid) / 2
    }

    /// From lanes that share a node through mapped memory; from those that do not, over the wire.
    private func fromMates(_ bytes: Double, own: Double, _ grid: ExpertGrid) -> Double {
        guard grid.lanes.nodes > 1 else { return moving(mates: bytes, own: own) }
        let far = Double(grid.lanes.size - grid.lanes.perNode) / Double(max(1, grid.lanes.size - 1))
        return max(
            moving(mates: bytes * (1 - far), own: own), between.bandwidth.seconds(bytes * far))
    }

    /// Into so many pieces as take the least time, of which none is under 64 KiB of all tokens' rows per lane.
    private func fastest(_ rows: RowVolumes, _ grid: ExpertGrid, _ seconds: (Double) -> Double) -> Double {
        var best = seconds(1)
        var pieces = 2.0
        while pieces <= 16, rows.output / Double(grid.lanes.size) / pieces >= 65536 {
            best = min(best, seconds(pieces))
            pieces *= 2
        }
        return best
    }

    private func linkLatency(_ grid: ExpertGrid) -> Double {
        grid.farPeers > 0 ? between.latency : grid.nearPeers > 0 ? inside.latency : 0
    }

    /// Signals among lanes, of which two follow the last transfer.
    private func sharing(_ grid: ExpertGrid) -> Double {
        guard grid.lanes.size > 1 else { return 0 }
        return 2 * (grid.lanes.nodes > 1 ? between : inside).latency
    }
}
