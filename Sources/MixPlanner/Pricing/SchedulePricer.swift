public import MixSchedule

/// The time of a collective on a cluster: what its schedules take, simulated step by step.
///
/// **Model.** A rank has a wire to other nodes and a port to its mates, each with a way out and a way in, and every one of them
/// serves one transfer after the other, in the order in which they ask:
///
/// * a message between nodes keeps the sender's way out and the receiver's way in for bytes/bandwidth, and arrives α later,
///   when the next one is long under way: latencies overlap, and bytes do not (LogGP with o = 0; a lower rate of small
///   messages belongs into the bandwidth curve);
/// * a message inside a node does the same with the ports;
/// * a copy or a reduction keeps the rank's way in from its mates, which stands for whatever moves a rank's data: the longest of
///   bytes from and to mates over the link's bandwidth (where a rank writes to its mates, they write as much to it), own
///   bytes read and written over memory bandwidth, and, in a reduction, operands over reduction bandwidth;
/// * a signal is seen one latency of the inside link later; awaits and waits are free.
///
/// Where a cluster was measured (``MeasuredRates``), copies and reductions go at the rates of the whole operation's footprint: bytes
/// copied at the one of copies, from and to mates or in own memory, operands at the one of reductions, and each further
/// place for a result is a copy there; and ranks that share a processor or a wire take turns at it, each faster in
/// proportion than while all are at it. A message between nodes takes no less than its part of all that its rank sends to them, as
/// one message: pieces do not get by on what a wire lets pass in a burst.
///
/// Serial rather than shared fairly, because that is how network cards and copy engines serve long transfers, and
/// what arrives first can be worked on while the rest is on the wire. That mates read from one rank at the same time is not
/// modelled: builders let them begin with different ones.
public struct SchedulePricer: Sendable {
    /// Which transfers take time.
    public enum Part: Sendable, Hashable {
        /// All of them.
        case everything
        /// Only those between nodes: what the wire alone takes.
        case betweenNodes
        /// Only what happens inside nodes.
        case insideNodes
    }

    /// Where it runs.
    public internal(set) var cluster: ClusterSpec

    /// Prices schedules on a cluster.
    public init(_ cluster: ClusterSpec) throws(ClusterSpec.Invalid) {
        try cluster.validate()
        self.cluster = cluster
    }

    /// When each step runs.
    ///
    /// - Parameters:
    ///   - schedules: those of all ranks of the cluster, which are numbered node by node; or those of the first node's ranks only,
    ///     where the others do the same, see ``/MixSchedule/Timeline/init(_:layouts:demand:)``.
    ///   - layouts: those of the same ranks.
    ///   - elementSize: bytes per element of the layouts.
    ///   - part: what takes time; the rest takes none.
    /// - Throws: if the schedules cannot run to their ends.
    public func timeline(
        _ schedules: [Schedule], layouts: [Layouts], elementSize: Int = 1, part: Part = .everything
    ) throws(VerificationError) -> Timeline {
        precondition(
            schedules.allSatisfy { $0.rankCount == cluster.rankCount },
            "these schedules are not for the \(cluster.rankCount) ranks of \(cluster.name)")
        let rates = rates(schedules, layouts, elementSize)
        return try Timeline(schedules, layouts: layouts) { work in
            let isBetween = isBetweenNodes(work)
            guard part == .everything || isBetween == (part == .betweenNodes) else { return Timeline.Demand() }
            return demand(of: work, rates) { layouts[$0.rank % layouts.count].range(of: $0).count * elementSize }
        }
    }

    /// Bytes per second at one footprint.
    private struct Rates {
        var copy: Double
        var mates: Double
        var reduction: Double
        /// Of messages between nodes, by rank modulo the number of schedules: at all bytes that a rank sends there.
        var wire: [Double]
    }

    private func rates(_ schedules: [Schedule], _ layouts: [Layouts], _ elementSize: Int) -> Rates? {
        guard let measured = cluster.measured else { return nil }
        var touched: Set<Slice> = []
        for schedule in schedules.prefix(cluster.ranksPerNode) {
            for step in schedule.streams.lazy.flatMap(\.steps) { touched.formUnion(step.slices) }
        }
        let footprint = touched.reduce(0) { $0 + layouts[$1.rank % layouts.count].range(of: $1).count } * elementSize
        let wire = schedules.enumerated().map { rank, schedule in
            var sent = 0
            for case .send(let slice, let peer) in schedule.streams.lazy.flatMap(\.steps)
            where node(of: peer) != node(of: rank) {
                sent += layouts[slice.rank % layouts.count].range(of: slice).count * elementSize
            }
            return cluster.betweenNodes.bandwidth.rate(sent)
        }
        return Rates(
            copy: measured.copy.rate(footprint), mates: measured.mates.rate(footprint),
            reduction: measured.reduction.rate(footprint), wire: wire)
    }

    private enum Kind: Int { case wireOut, wireIn, portOut, portIn }

    private func node(of rank: Int) -> Int { rank / cluster.ranksPerNode }

    private func isBetweenNodes(_ work: Timeline.Work) -> Bool {
        guard case .send(_, let peer) = work.step else { return false }
        return node(of: peer) != node(of: work.place.rank)
    }

    private func demand(of work: Timeline.Work, _ rates: Rates?, bytes: (Slice) -> Int) -> Timeline.Demand {
        let rank = work.place.rank
        switch work.step {
        case .send(let slice, let peer):
            let isBetween = isBetweenNodes(work)
            let link = isBetween ? cluster.betweenNodes : cluster.measured?.messages ?? cluster.insideNode
            let (out, into): (Kind, Kind) = isBetween ? (.wireOut, .wireIn) : (.portOut, .portIn)
            var seconds = link.bandwidth.seconds(bytes(slice))
            if isBetween, let rates {
                seconds = max(seconds, Double(bytes(slice)) / rates.wire[rank % rates.wire.count])
            }
            return Timeline.Demand(
                resources: [resource(out, of: rank)],
                occupation: seconds * share(isBetween ? cluster.measured?.wiresPerNode : nil),
                latency: link.latency, destination: [resource(into, of: peer)])
        case .receive, .await, .wait: return Timeline.Demand()
        case .receiveReduce(let destination, let source, _):
            // What arrived is an operand too, of the same size.
            let arrived = bytes(destination)
            if let rates { return busy(rank, Double(arrived + bytes(source)) / rates.reduction) }
            return moving(
                rank, own: arrived + bytes(source) + arrived, mates: 0, operands: arrived + bytes(source))
        case .copy(let source, let destination):
            return moving(rank, from: [source], to: [destination], operands: 0, rates, bytes)
        case .reduce(let sources, let destinations):
            // What is added to is touched only where something is added: a node's rows are not all of the tokens.
            let added = sources.filter { !destinations.contains($0) }.reduce(0) { $0 + bytes($1) }
            func touched(_ slice: Slice) -> Int {
                sources.contains(slice) && destinations.contains(slice) ? min(bytes(slice), added) : bytes(slice)
            }
            return moving(
                rank, from: sources, to: destinations, operands: sources.reduce(0) { $0 + touched($1) }, rates,
                touched)
        case .signal: return Timeline.Demand(latency: cluster.insideNode.latency)
        }
    }

    private func moving(
        _ rank: Int, from sources: [Slice], to destinations: [Slice], operands: Int, _ rates: Rates?,
        _ bytes: (Slice) -> Int
    ) -> Timeline.Demand {
        func sum(_ slices: [Slice], own: Bool) -> Int {
            slices.reduce(0) { $0 + (($1.rank == rank) == own ? bytes($1) : 0) }
        }
        if let rates {
            var seconds = Double(operands) / rates.reduction
            // The one result that a reduction's rate includes is the rank's own, if there is one.
            let included = operands > 0 ? destinations.firstIndex { $0.rank == rank } ?? 0 : nil
            for (index, destination) in destinations.enumerated() where index != included {
                let isOwn = destination.rank == rank && (operands > 0 || sources.allSatisfy { $0.rank == rank })
                seconds += Double(bytes(destination)) / (isOwn ? rates.copy : rates.mates)
            }
            return busy(rank, seconds)
        }
        return moving(
            rank, own: sum(sources, own: true) + sum(destinations, own: true),
            mates: sum(sources, own: false) + sum(destinations, own: false), operands: operands)
    }

    /// Whatever moves a rank's data, for some time.
    private func busy(_ rank: Int, _ seconds: Double) -> Timeline.Demand {
        Timeline.Demand(
            resources: [resource(.portIn, of: rank)], occupation: seconds * share(cluster.measured?.processorsPerNode))
    }

    /// Of ranks that share a processor or a wire, the first one's.
    private func resource(_ kind: Kind, of rank: Int) -> Timeline.Resource {
        guard let measured = cluster.measured else { return .init(rank: rank, kind: kind.rawValue) }
        let count =
            switch kind {
            case .wireOut, .wireIn: measured.wiresPerNode
            case .portIn: measured.processorsPerNode
            case .portOut: cluster.ranksPerNode
            }
        let lane = rank % cluster.ranksPerNode
        return .init(rank: rank - lane + lane % count, kind: kind.rawValue)
    }

    /// How long something takes that `count` of a node can do at a time, of the time that it takes while all ranks want it.
    private func share(_ count: Int?) -> Double {
        min(1, Double(count ?? cluster.ranksPerNode) / Double(cluster.ranksPerNode))
    }

    private func moving(_ rank: Int, own: Int, mates: Int, operands: Int) -> Timeline.Demand {
        Timeline.Demand(
            resources: [.init(rank: rank, kind: Kind.portIn.rawValue)],
            occupation: max(
                cluster.insideNode.bandwidth.seconds(mates), Double(own) / cluster.memoryBandwidth,
                Double(operands) / cluster.reductionBandwidth))
    }
}

extension Step {
    /// The slices that it reads and writes.
    fileprivate var slices: [Slice] {
        switch self {
        case .send(let slice, _), .receive(let slice, _): [slice]
        case .receiveReduce(let destination, let source, _): [destination, source]
        case .copy(let source, let destination): [source, destination]
        case .reduce(let sources, let destinations): sources + destinations
        case .signal, .await, .wait: []
        }
    }
}
