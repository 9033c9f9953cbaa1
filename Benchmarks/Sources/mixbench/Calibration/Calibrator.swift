import Foundation
import MixCollectives
import MixPlanner
import MixSchedule

/// Measures a job's own links, memory and kernels, on all ranks alike: each number is the slowest rank's.
///
/// Links are measured by the operations that the library runs on them, taken apart: an all-gather is hand-overs and copies,
/// a reduce-scatter hand-overs and a reduction, an exchange between two nodes one message each way. What every whole operation
/// takes over what it is priced at then is its ``Correction``.
final class Calibrator {
    private let world: Communicator
    /// The ranks of this node, and those of this lane on a pair of nodes.
    private let node: Communicator
    private let pair: Communicator
    private let workspace: Workspace
    private let policy: Policy
    private let rounds: Rounds
    /// Of one rank's buffer: more than caches hold.
    static let largest = 128 << 20

    private var handOver: OperationProbe?
    private var gathers: [OperationProbe] = []
    private var scatters: [OperationProbe] = []
    private var messages: [OperationProbe] = []
    private var blockTables: (with: OperationProbe, without: OperationProbe)?
    private var far: [OperationProbe] = []
    private var copies: [(bytes: Int, index: Int)] = []
    private var wholes: [OperationProbe] = []
    private let kernels: KernelRates
    private let read: Int

    /// Adds all measurements to `rounds`, which is to be run then.
    ///
    /// - Parameter workspace: of ``largest`` bytes.
    init(world: Communicator, rounds: Rounds, seconds: Double, workspace: Workspace) throws {
        guard let lanes = world.grid.ranksPerNode else {
            throw CollectiveError(.invalidArgument, "calibration needs as many ranks on every node")
        }
        self.world = world
        self.rounds = rounds
        node = try world.split(.node)
        let (place, lane) = (world.grid.node(of: world.rank), world.grid.lane(of: world.rank))
        pair = try world.split(color: place / 2 * lanes + lane, key: place)
        self.workspace = workspace
        policy = Policy(seconds: seconds, leastCalls: 2, check: false)
        kernels = KernelRates(world: world, rounds: rounds)
        let memory = ReadBandwidth(threads: 1)
        read = rounds.add { 1 / memory.measure() }
        addParts()
        addWholes()
    }

    // MARK: What is measured

    private func addParts() {
        let ranks = node.size
        if ranks > 1 {
            handOver = add(.barrier, bytes: 0, on: node)
            gathers = Self.doublings(64, Self.largest / ranks).map { add(.allGather, bytes: $0 * ranks, on: node) }
            scatters = Self.doublings(64 * ranks, Self.largest).map { add(.reduceScatter, bytes: $0, on: node) }
            messages = Self.doublings(64, Self.largest / 2).map { add(.sendReceive, bytes: $0, on: node) }
            blockTables = (add(.allToAllV, bytes: 64 * ranks, on: node), add(.allToAll, bytes: 64 * ranks, on: node))
        } else {
            copies = Self.doublings(64, Self.largest).map { bytes in
                (bytes, rounds.add { [self] in copy(bytes) })
            }
        }
        guard world.grid.nodeCount > 1 else { return }
        for bytes in Self.doublings(64, 8 << 20) {
            far.append(add(.allToAll, bytes: bytes * pair.size, on: pair, algorithm: "pairwise", after: far.last))
        }
    }

    /// Whole operations at every fourth size: those that `accuracy` looks at by default lie between.
    private func addWholes() {
        guard world.size > 1 else { return }
        for operation in Operation.allCases where !operation.isFused {
            var last: OperationProbe?
            for bytes in operation == .barrier ? [0] : sequence(first: 512, next: { $0 * 4 }).prefix(10).map({ $0 }) {
                // Many ranks can't share few bytes, and would get the same ones twice.
                guard Shape(operation, bytes: bytes, ranks: world.size) != last?.shape else { continue }
                let probe = add(operation, bytes: bytes, on: world, after: last)
                wholes.append(probe)
                last = probe
            }
        }
    }

    private func add(
        _ operation: MixSchedule.Operation, bytes: Int, on group: Communicator, algorithm: String? = nil,
        after smaller: OperationProbe? = nil
    ) -> OperationProbe {
        rounds.add(
            Shape(operation, bytes: bytes, ranks: group.size), on: group, policy, workspace, algorithm: algorithm,
            after: smaller)
    }

    /// A copy of so many bytes to another place of a rank's own.
    private func copy(_ bytes: Int) -> Double {
        let calls = max(3, min(20000, Int(policy.seconds * 5e9) / (bytes + 256)))
        let begin = Clock.now()
        for _ in 0..<calls { workspace.second.copyMemory(from: workspace.first, byteCount: bytes) }
        return Double(Clock.now() - begin) * 1e-9 / Double(calls)
    }

    private static func doublings(_ first: Int, _ last: Int) -> [Int] {
        Array(sequence(first: first) { $0 * 2 <= last ? $0 * 2 : nil })
    }

    // MARK: What becomes of it

    /// What the rounds' times say.
    func calibration() throws -> Calibration {
        let ranks = node.size
        let latency = handOver.flatMap { rounds[$0.index] } ?? 0
        var fits: [Calibration.Fit] = []
        func fit(_ name: String, _ samples: [LinkFit.Sample], latency: Double? = nil) -> LinkFit {
            let fit = LinkFit(samples, latency: latency)
            fits.append(.init(name: name, determination: fit.determination, samples: samples))
            return fit
        }
        /// A curve over the footprint, from the times of so many bytes of work in it.
        func rates(_ name: String, _ work: [(bytes: Int, footprint: Int, seconds: Double)]) -> BandwidthCurve {
            let samples = work.map {
                LinkFit.Sample(
                    bytes: $0.footprint, seconds: max(1e-12, $0.seconds / Double($0.bytes) * Double($0.footprint)))
            }
            return fit(name, samples, latency: 0).bandwidth
        }
        // What there is of a rank that has no mates.
        let alone =
            ranks > 1
            ? .flat(1)
            : rates("copy", copies.compactMap { copy in rounds[copy.index].map { (copy.bytes, 2 * copy.bytes, $0) } })
        var (mates, reduction) = (alone, alone)
        var link = LinkClass(name: "shared memory", latency: latency, bandwidth: alone)
        var near = link
        var tables = 0.0
        if ranks > 1 {
            let blocks = gathers.compactMap { probe in
                rounds[probe.index].map { (probe.shape.blockCount, fromMate(probe.shape, $0, latency)) }
            }
            mates = rates("copy", blocks.map { ($0, ($0 + ranks * $0) * ranks, $1) })
            reduction = rates(
                "reduction",
                scatters.compactMap { probe in
                    let bytes = probe.shape.bytes
                    return rounds[probe.index].map {
                        (bytes, bytes * (ranks + 1), reduce(probe.shape, $0, latency, mates))
                    }
                })
            link.bandwidth =
                fit(
                    link.name,
                    blocks.map { LinkFit.Sample(bytes: $0, seconds: latency + max(1e-12, $1)) }, latency: latency
                ).bandwidth
            // Half of a turn of even ranks and one of odd ranks.
            let sent = fit("messages to mates", samples(messages) { $0 / 2 })
            near = LinkClass(name: "messages to mates", latency: sent.latency, bandwidth: sent.bandwidth)
            if let (with, without) = blockTables, let with = rounds[with.index], let without = rounds[without.index] {
                tables = max(0, with - without)
            }
        }
        var wire = link
        if world.grid.nodeCount > 1 {
            let name = wireName()
            let sent = fit(name, samples(far, parts: pair.size) { $0 })
            wire = LinkClass(name: name, latency: sent.latency, bandwidth: sent.bandwidth)
        }
        let kernels = kernels.kernels(rounds)
        let machine = try Machine(world)
        var cluster = ClusterSpec(
            name: "\(world.grid.nodeCount) × \(ranks) ranks on \(ProcessIdentity.processorModel ?? world.host)",
            nodes: world.grid.nodeCount, ranksPerNode: ranks, insideNode: link, betweenNodes: wire,
            memoryBandwidth: 1 / (rounds[read] ?? .infinity), reductionBandwidth: reduction.points.last?.bytesPerSecond,
            memory: machine.memoryPerRank,
            compute: Dictionary(grouping: kernels, by: \.format).mapValues { $0.map(\.operationsPerSecond).max()! },
            efficiency: 1, source: "measured",
            measured: MeasuredRates(
                copy: mates, mates: mates, reduction: reduction, messages: near, blockTables: tables,
                expertRowElement: self.kernels.rowElement(rounds),
                processorsPerNode: machine.processorsPerNode(ranks), wiresPerNode: 1,
                ranksPerMemory: machine.ranks))
        let corrections = try corrections(cluster)
        cluster.measured?.corrections = corrections
        return Calibration(cluster: cluster, fits: fits, kernels: kernels)
    }

    /// What joins this rank to another node.
    private func wireName() -> String {
        let node = world.grid.nodes[world.grid.node(of: world.rank) == 0 ? 1 : 0]
        return world.route(to: node[0]).transport.rawValue
    }

    private func samples(_ probes: [OperationProbe], parts: Int = 1, _ seconds: (Double) -> Double) -> [LinkFit.Sample]
    {
        probes.compactMap { probe in
            rounds[probe.index].map { LinkFit.Sample(bytes: probe.shape.bytes / parts, seconds: seconds($0)) }
        }
    }

    /// A block to or from a mate's memory: an all-gather without its hand-overs, copy by copy. The own block counts as one of
    /// them; to take it off by itself would leave a difference of two uncertain numbers.
    private func fromMate(_ shape: Shape, _ seconds: Double, _ latency: Double) -> Double {
        switch node.way(of: .allGather, count: shape.blockCount, type: .uint8) {
        // Published, taken from every mate, and put into its own place.
        case .exchange: (seconds - latency) / Double(node.size + 1)
        default: (seconds - 2 * latency) / Double(node.size)
        }
    }

    /// A reduction of operands of so many bytes together: a reduce-scatter without its hand-overs and what it publishes.
    private func reduce(_ shape: Shape, _ seconds: Double, _ latency: Double, _ mates: BandwidthCurve) -> Double {
        switch node.way(of: .reduceScatter, count: shape.blockCount, type: .float32) {
        case .exchange:
            let published = Double((node.size - 1) * shape.blockCount * shape.elementSize)
            return seconds - latency - published / mates.rate(shape.bytes * (node.size + 1))
        default: return seconds - 2 * latency
        }
    }

    /// What whole operations took over what they are priced at, by operation and way.
    private func corrections(_ cluster: ClusterSpec) throws -> [Correction] {
        guard let prediction = CollectivePrediction(cluster) else { return [] }
        var corrections: [Correction] = []
        for probe in wholes {
            guard let seconds = rounds[probe.index] else { continue }
            let shape = probe.shape
            let way = world.way(of: shape)
            let point = Correction.Point(
                bytes: shape.bytes, factor: seconds / max(1e-9, try prediction.seconds(shape, way)))
            let operation = shape.operation.rawValue
            if let index = corrections.firstIndex(where: { $0.operation == operation && $0.way == way.name }) {
                corrections[index].points.append(point)
            } else {
                corrections.append(Correction(operation: operation, way: way.name, points: [point]))
            }
        }
        return corrections
    }
}
