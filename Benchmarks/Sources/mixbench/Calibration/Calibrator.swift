import Foundation
import MixCollectives
import MixPlanner
import MixSchedule

/// Measures a job's own links, memory and kernels, on all ranks alike: each number is the slowest rank's.
///
/// Links are measured by the operations that the library runs on them, taken apart: an all-gather is hand-overs and copies,
/// a reduce-scatter hand-overs and a reduction, an exchange between two nodes one message each way.
final class Calibrator {
    private let world: Communicator
    /// The ranks of this node, and those of this lane on a pair of nodes.
    private let node: Communicator
    private let pair: Communicator
    private let workspace: Workspace
    private let policy: Policy
    private let rounds = 5
    /// Of one rank's buffer: more than caches hold.
    private static let largest = 64 << 20

    init(world: Communicator, seconds: Double) throws {
        guard let lanes = world.grid.ranksPerNode else {
            throw CollectiveError(.invalidArgument, "calibration needs as many ranks on every node")
        }
        self.world = world
        node = try world.split(.node)
        let (place, lane) = (world.grid.node(of: world.rank), world.grid.lane(of: world.rank))
        pair = try world.split(color: place / 2 * lanes + lane, key: place)
        workspace = try Workspace(bytes: Self.largest, kind: .shared, world: world)
        policy = Policy(seconds: seconds, check: false)
    }

    /// Everything.
    func run() throws -> Calibration {
        let latency = try handOver()
        let ranks = node.size
        var fits: [Calibration.Fit] = []
        /// A curve over the footprint, from the times of so many bytes of work in it.
        func rates(
            _ name: String, _ sizes: [Int], footprint: (Int) -> Int, _ seconds: (Int) throws -> Double
        ) throws -> BandwidthCurve {
            let samples = try sizes.map { bytes in
                LinkFit.Sample(
                    bytes: footprint(bytes),
                    seconds: max(1e-12, try seconds(bytes) / Double(bytes) * Double(footprint(bytes))))
            }
            let fit = LinkFit(samples, latency: 0)
            fits.append(.init(name: name, determination: fit.determination, samples: samples))
            return fit.bandwidth
        }
        // What there is of a rank that has no mates.
        let alone =
            ranks == 1 ? try rates("copy", doublings(64, Self.largest), footprint: { 2 * $0 }, copy) : .flat(1)
        var (mates, reduction) = (alone, alone)
        var link = LinkClass(name: "shared memory", latency: latency, bandwidth: alone)
        var messages = link
        var tables = 0.0
        if ranks > 1 {
            var times: [LinkFit.Sample] = []
            mates = try rates(
                "copy", doublings(64, Self.largest / ranks), footprint: { ($0 + ranks * $0) * ranks }
            ) { bytes in
                let seconds = try fromMate(bytes, latency)
                times.append(LinkFit.Sample(bytes: bytes, seconds: latency + max(1e-12, seconds)))
                return seconds
            }
            reduction = try rates(
                "reduction", doublings(64 * ranks, Self.largest), footprint: { ($0 * ranks) + $0 }
            ) { try reduce($0, latency, mates) }
            let inside = LinkFit(times, latency: latency)
            link.bandwidth = inside.bandwidth
            fits.append(.init(name: link.name, determination: inside.determination, samples: times))
            let sent = try doublings(64, Self.largest / 2).map {
                LinkFit.Sample(bytes: $0, seconds: try messageToMate($0))
            }
            let fit = LinkFit(sent)
            messages = LinkClass(name: "messages to mates", latency: fit.latency, bandwidth: fit.bandwidth)
            fits.append(.init(name: messages.name, determination: fit.determination, samples: sent))
            tables = try blockTables()
        }
        var far = link
        if world.grid.nodeCount > 1 {
            let name = world.route(to: (world.rank + ranks) % world.size).transport.rawValue
            let sent = try doublings(64, 8 << 20).map { LinkFit.Sample(bytes: $0, seconds: try message($0)) }
            let fit = LinkFit(sent)
            far = LinkClass(name: name, latency: fit.latency, bandwidth: fit.bandwidth)
            fits.append(.init(name: name, determination: fit.determination, samples: sent))
        }
        let kernels = try KernelRates(world: world).measure()
        let machine = try Machine(world)
        let cluster = ClusterSpec(
            name: "\(world.grid.nodeCount) × \(ranks) ranks on \(ProcessIdentity.processorModel ?? world.host)",
            nodes: world.grid.nodeCount, ranksPerNode: ranks, insideNode: link, betweenNodes: far,
            memoryBandwidth: try readBandwidth(), reductionBandwidth: reduction.points.last?.bytesPerSecond,
            memory: machine.memoryPerRank,
            compute: Dictionary(grouping: kernels, by: \.format).mapValues { $0.map(\.operationsPerSecond).max()! },
            efficiency: 1, source: "measured",
            measured: MeasuredRates(
                copy: mates, mates: mates, reduction: reduction, messages: messages, blockTables: tables,
                processorsPerNode: machine.processorsPerNode(ranks), wiresPerNode: 1))
        return Calibration(cluster: cluster, fits: fits, kernels: kernels)
    }

    // MARK: Parts of operations

    /// One exchange without data.
    private func handOver() throws -> Double {
        guard node.size > 1 else { return 0 }
        return try time(.barrier, Shape(.barrier, bytes: 0, elementSize: 1, ranks: node.size), node)
    }

    /// A block to or from a mate's memory: an all-gather without its hand-overs, copy by copy. The own block counts as one of
    /// them; to take it off by itself would leave a difference of two uncertain numbers.
    private func fromMate(_ bytes: Int, _ latency: Double) throws -> Double {
        let shape = Shape(.allGather, bytes: bytes * node.size, elementSize: 1, ranks: node.size)
        let seconds = try time(.allGather, shape, node)
        switch node.way(of: .allGather, count: shape.blockCount, type: .uint8) {
        // Published, taken from every mate, and put into its own place.
        case .exchange: return (seconds - latency) / Double(node.size + 1)
        default: return (seconds - 2 * latency) / Double(node.size)
        }
    }

    /// A reduction of operands of so many bytes together: a reduce-scatter without its hand-overs and what it publishes.
    private func reduce(_ bytes: Int, _ latency: Double, _ mates: BandwidthCurve) throws -> Double {
        let shape = Shape(.reduceScatter, bytes: bytes, elementSize: 4, ranks: node.size)
        let seconds = try time(.reduceScatter, shape, node)
        switch node.way(of: .reduceScatter, count: shape.blockCount, type: .float32) {
        case .exchange:
            let published = Double((node.size - 1) * shape.blockCount * shape.elementSize)
            return seconds - latency - published / mates.rate(bytes * (node.size + 1))
        default: return seconds - 2 * latency
        }
    }

    /// A message to a rank on another node, while one of the same size comes from there.
    private func message(_ bytes: Int) throws -> Double {
        try pair.use(algorithm: "pairwise", for: .allToAll)
        return try time(.allToAll, Shape(.allToAll, bytes: bytes * pair.size, elementSize: 1, ranks: pair.size), pair)
    }

    /// A message to a mate: half of what it takes to send one to the next rank and get one from the rank before, as even and odd
    /// ranks take turns.
    private func messageToMate(_ bytes: Int) throws -> Double {
        try time(.sendReceive, Shape(.sendReceive, bytes: bytes, elementSize: 1, ranks: node.size), node) / 2
    }

    /// What an all-to-all of blocks of any size takes more than one of equal blocks.
    private func blockTables() throws -> Double {
        let bytes = 64 * node.size
        return max(
            0,
            try time(.allToAllV, Shape(.allToAllV, bytes: bytes, elementSize: 1, ranks: node.size), node)
                - time(.allToAll, Shape(.allToAll, bytes: bytes, elementSize: 1, ranks: node.size), node))
    }

    private func time(_ operation: MixSchedule.Operation, _ shape: Shape, _ group: Communicator) throws -> Double {
        let sweep = Sweep(
            operation: operation, type: shape.elementSize == 4 ? .float32 : .uint8, reduction: .sum, root: 0,
            sizes: [shape.bytes], places: [.outOfPlace])
        var best = Double.infinity
        for _ in 0..<rounds {
            try world.barrier()
            if group.size == 1 { continue }
            let measurement =
                shape.elementSize == 4
                ? try measure(Float.self, sweep, shape, .outOfPlace, policy, world: group, workspace: workspace)
                : try measure(UInt8.self, sweep, shape, .outOfPlace, policy, world: group, workspace: workspace)
            best = min(best, measurement.median)
        }
        return try slowest(best.isFinite ? best : 0)
    }

    /// A copy of so many bytes to another place of a rank's own.
    private func copy(_ bytes: Int) throws -> Double {
        var best = Double.infinity
        let calls = max(3, min(20000, Int(policy.seconds * 5e9) / (bytes + 256)))
        for _ in 0..<rounds {
            try world.barrier()
            let begin = Clock.now()
            for _ in 0..<calls { workspace.second.copyMemory(from: workspace.first, byteCount: bytes) }
            best = min(best, Double(Clock.now() - begin) * 1e-9 / Double(calls))
        }
        return try slowest(best)
    }

    private func readBandwidth() throws -> Double {
        let memory = ReadBandwidth(threads: 1)
        var rates: [Double] = []
        for _ in 0..<rounds {
            try world.barrier()
            rates.append(memory.measure())
        }
        return 1 / (try slowest(1 / rates.sorted()[rounds / 2]))
    }

    private func slowest(_ seconds: Double) throws -> Double {
        var all = [seconds]
        try world.allReduce(&all, .max)
        return all[0]
    }

    private func doublings(_ first: Int, _ last: Int) -> [Int] {
        Array(sequence(first: first) { $0 < last ? $0 * 2 : nil })
    }
}
