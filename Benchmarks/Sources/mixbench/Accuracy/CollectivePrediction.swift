import MixCollectives
import MixPlanner
import MixSchedule

/// What an operation should take on a calibrated cluster, by the way that the library says it goes.
///
/// Schedules are simulated. What has none is a sum: α for every hand-over, and for the rank that has most to do one after the
/// other what it copies, reduces and sends.
struct CollectivePrediction {
    private let cluster: ClusterSpec
    private let measured: MeasuredRates
    private let pricer: SchedulePricer
    /// A rank that moves data while its mates wait has more of the processors.
    private let alone: Double

    init?(_ cluster: ClusterSpec) {
        guard let measured = cluster.measured, let pricer = try? SchedulePricer(cluster) else { return nil }
        self.cluster = cluster
        self.measured = measured
        self.pricer = pricer
        alone = min(1, Double(measured.processorsPerNode) / Double(cluster.ranksPerNode))
    }

    /// What the model makes of it, and what calibration found such operations to take more or less.
    func corrected(_ shape: Shape, _ way: Communicator.Way) throws -> Double {
        try seconds(shape, way)
            * measured.correction(operation: shape.operation.rawValue, way: way.name, bytes: shape.bytes)
    }

    /// What the model makes of it.
    func seconds(_ shape: Shape, _ way: Communicator.Way) throws -> Double {
        if shape.operation == .sendReceive { return ring(shape.bytes) }
        let tables = shape.operation == .allToAllV ? measured.blockTables : 0
        switch way {
        case .exchange: return exchange(shape) + tables
        case .messages(let inParts):
            return shape.operation == .allReduce ? allReduce(shape, inParts: inParts) : allToAll(shape)
        case .schedule(let name, let pieces):
            // The header of an all-to-all-v is its first hand-over.
            return try schedule(name, pieces, shape) + tables
        }
    }

    // MARK: Sums

    private var latency: Double { cluster.insideNode.latency }

    /// What all ranks of a node touch.
    private func footprint(_ shape: Shape) -> Int {
        let (block, n) = (shape.blockCount * shape.elementSize, cluster.ranksPerNode)
        return switch shape.operation {
        case .broadcast: n * block
        case .reduce: (n + 1) * block
        case .gather, .scatter: 2 * n * block
        default: n * (shape.inputCount + shape.outputCount) * shape.elementSize
        }
    }

    /// In a series of calls the ranks that need not wait run ahead, so that the slowest one's work counts.
    private func exchange(_ shape: Shape) -> Double {
        let (block, n) = (shape.blockCount * shape.elementSize, Double(cluster.ranksPerNode))
        let footprint = footprint(shape)
        let copy = Double(block) / measured.mates.rate(footprint)
        let reduction = n * Double(block) / measured.reduction.rate(footprint)
        switch shape.operation {
        case .barrier: return latency
        case .allReduce: return latency + copy + reduction
        case .reduceScatter: return latency + (n - 1) * copy + reduction
        case .allGather: return latency + (n + 1) * copy
        case .allToAll, .allToAllV: return latency + (2 * n - 1) * copy
        case .broadcast: return latency + copy
        case .reduce: return latency + max(copy, alone * reduction)
        case .gather, .scatter: return latency + max(copy, alone * n * copy)
        case .sendReceive, .fusedAllReduceAllToAll, .fusedDispatch, .fusedCombine:
            preconditionFailure("\(shape.operation.rawValue) is no exchange")
        }
    }

    /// An exchange inside the node, and a message to every other one.
    private func allReduce(_ shape: Shape, inParts: Bool) -> Double {
        let (nodes, lanes, bytes) = (cluster.nodes, cluster.ranksPerNode, shape.bytes)
        let footprint = footprint(shape)
        func copy(_ bytes: Int) -> Double { Double(bytes) / measured.mates.rate(footprint) }
        func reduction(_ bytes: Int) -> Double { Double(bytes) / measured.reduction.rate(footprint) }
        let part = inParts ? bytes / lanes : bytes
        var seconds = Double(nodes - 1) * cluster.betweenNodes.bandwidth.seconds(part) + cluster.betweenNodes.latency
        seconds += reduction(nodes * part)
        if lanes > 1 { seconds += latency + copy(bytes) + reduction(lanes * part) }
        if inParts { seconds += latency + copy(lanes * part) }
        return seconds
    }

    private func allToAll(_ shape: Shape) -> Double {
        let (nodes, lanes) = (cluster.nodes, cluster.ranksPerNode)
        let block = shape.blockCount * shape.elementSize
        let rate = measured.mates.rate(footprint(shape))
        let wire = Double(nodes - 1) * cluster.betweenNodes.bandwidth.seconds(lanes * block)
        let inside = lanes > 1 ? latency + Double(shape.bytes + (nodes - 1) * lanes * block) / rate : 0
        return inside + cluster.betweenNodes.latency + max(wire, Double(lanes * block) / rate)
    }

    /// Even ranks send to the next one, then odd ranks do.
    private func ring(_ bytes: Int) -> Double {
        func message(from rank: Int) -> Double {
            let next = (rank + 1) % cluster.rankCount
            let isNear = rank / cluster.ranksPerNode == next / cluster.ranksPerNode
            return (isNear ? measured.messages : cluster.betweenNodes).seconds(bytes)
        }
        let ranks = 0..<cluster.rankCount
        return ranks.filter { $0.isMultiple(of: 2) }.map(message).max()!
            + (ranks.filter { !$0.isMultiple(of: 2) }.map(message).max() ?? 0)
    }

    // MARK: Schedules

    private func schedule(_ name: String, _ pieces: Int, _ shape: Shape) throws -> Double {
        let topology = Topology(nodeCount: cluster.nodes, ranksPerNode: cluster.ranksPerNode)
        guard let algorithm = Algorithm.named(name, for: shape.operation) else { return 0 }
        let schedules = algorithm.buildAll(topology: topology, pieces: pieces)
        let layouts = schedules.enumerated().map { rank, schedule in self.layouts(shape, schedule, rank) }
        return try pricer.timeline(schedules, layouts: layouts, elementSize: shape.elementSize).duration
    }

    private func layouts(_ shape: Shape, _ schedule: Schedule, _ rank: Int) -> Layouts {
        let alignment = max(1, 64 / shape.elementSize)
        switch shape.operation {
        case .allReduce, .broadcast, .reduce:
            return Layouts(
                input: .equal(count: shape.count, blocks: schedule.inputBlocks, alignment: alignment),
                output: .equal(count: shape.count, blocks: schedule.outputBlocks, alignment: alignment))
        case .allToAllV:
            // From rank to rank as many elements as the other way.
            let counts = shape.counts(of: rank)
            return Layouts(input: .counts(counts), output: .counts(counts))
        default:
            return Layouts(
                input: .uniform(blocks: schedule.inputBlocks, count: shape.blockCount, alignment: alignment),
                output: .uniform(blocks: schedule.outputBlocks, count: shape.blockCount, alignment: alignment))
        }
    }
}

extension Shape {
    /// Elements that `rank` has for every rank, in an all-to-all-v.
    fileprivate func counts(of rank: Int) -> [Int] {
        let unit = count / (ranks * (ranks + 1) / 2)
        return (0..<ranks).map { unit * (1 + (rank + $0) % ranks) }
    }
}
