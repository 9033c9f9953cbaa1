public import MixSchedule

extension SchedulePricer {
    /// Prices the ways of a dispatch or a combine. Nodes do the same, so one of them is simulated.
    ///
    /// - Parameters:
    ///   - operation: ``/MixSchedule/Operation/fusedDispatch`` or ``/MixSchedule/Operation/fusedCombine``.
    ///   - traffic: the rows.
    ///   - pieces: into how many pieces fused cuts what a lane sends to a node; nil for the fastest of 1, 2, 4, 8 and 16
    ///     in which a piece of all tokens' rows has 64 KiB per lane or more, as in the library.
    public func price(
        _ operation: MixSchedule.Operation, of traffic: ExpertTraffic, pieces: Int? = nil
    ) throws(VerificationError) -> ExchangePrice {
        precondition(
            operation == .fusedDispatch || operation == .fusedCombine, "experts' rows are dispatched and combined")
        let layouts = traffic.layouts(operation, nodes: cluster.nodes, lanes: cluster.ranksPerNode)
        let isDispatch = operation == .fusedDispatch
        func duration(_ build: (Int, Topology) -> Schedule) throws(VerificationError) -> Double {
            try timeline(firstNode(build), layouts: layouts).duration
        }
        func fusedSchedules(_ pieces: Int) -> [Schedule] {
            firstNode {
                isDispatch
                    ? .fusedDispatch(rank: $0, topology: $1, pieces: pieces)
                    : .fusedCombine(rank: $0, topology: $1, pieces: pieces)
            }
        }
        var best: (pieces: Int, schedules: [Schedule], timeline: Timeline)?
        for pieces in pieces.map({ [$0] }) ?? sensiblePieces(traffic) {
            let schedules = fusedSchedules(pieces)
            let timeline = try timeline(schedules, layouts: layouts)
            if best.map({ timeline.duration < $0.timeline.duration }) ?? true { best = (pieces, schedules, timeline) }
        }
        guard let best else { preconditionFailure("one number of pieces is the best") }
        return ExchangePrice(
            fused: best.timeline.duration,
            sequential: try duration {
                isDispatch
                    ? .fusedDispatch(rank: $0, topology: $1, overlaps: false)
                    : .fusedCombine(rank: $0, topology: $1, overlaps: false)
            },
            unfused: try duration {
                isDispatch ? .unfusedDispatch(rank: $0, topology: $1) : .unfusedCombine(rank: $0, topology: $1)
            },
            pureExpertParallel: try pureExpertParallel(isDispatch: isDispatch, traffic),
            betweenNodes: try timeline(best.schedules, layouts: layouts, part: .betweenNodes).duration,
            insideNodes: try timeline(best.schedules, layouts: layouts, part: .insideNodes).duration,
            wireBytes: zip(best.schedules, layouts).map { $0.elementsSent($1) }.max() ?? 0,
            pieces: best.pieces, timeline: best.timeline)
    }

    /// The time of an all-reduce of a node's hidden states among its lanes: what precedes a fused dispatch.
    public func allReduceInsideNode(of traffic: ExpertTraffic) throws(VerificationError) -> Double {
        try insideNode(traffic) { .directAllReduce(rank: $0, rankCount: $1) }
    }

    /// The time of the reduce-scatter of the same by tokens: what precedes a dispatch of pure expert parallelism.
    public func reduceScatterInsideNode(of traffic: ExpertTraffic) throws(VerificationError) -> Double {
        try insideNode(traffic) { .directReduceScatter(rank: $0, rankCount: $1) }
    }

    private func sensiblePieces(_ traffic: ExpertTraffic) -> [Int] {
        [1] + [2, 4, 8, 16].filter { traffic.hiddenBytes / cluster.ranksPerNode / $0 >= 64 << 10 }
    }

    // MARK: Pure expert parallelism

    private func pureExpertParallel(
        isDispatch: Bool, _ traffic: ExpertTraffic
    ) throws(VerificationError) -> Double {
        let schedules = firstNode { .hierarchicalAllToAll(rank: $0, topology: $1) }
        let layouts = traffic.allToAllLayouts(
            nodes: cluster.nodes, lanes: cluster.ranksPerNode,
            bytesPerElement: isDispatch ? traffic.dispatchBytes : traffic.combineBytes)
        let exchange = try timeline(schedules, layouts: layouts).duration
        guard !isDispatch else { return exchange }
        let share = traffic.hiddenBytes / cluster.ranksPerNode
        let arrived = layouts.first?.output.elementCount ?? 0
        let sum = max(
            Double(arrived + share) / cluster.memoryBandwidth, Double(arrived) / cluster.reductionBandwidth)
        return try exchange + sum + insideNode(traffic) { .directAllGather(rank: $0, rankCount: $1) }
    }

    /// The time of a collective on the hidden states of one node's tokens.
    private func insideNode(
        _ traffic: ExpertTraffic, _ build: (Int, Int) -> Schedule
    ) throws(VerificationError) -> Double {
        var node = self
        node.cluster.nodes = 1
        let lanes = cluster.ranksPerNode
        let schedules = (0..<lanes).map { build($0, lanes) }
        let layouts = schedules.map { schedule in
            // One block is a lane's part.
            func layout(_ blocks: Int) -> Layout {
                .equal(count: traffic.hiddenBytes * blocks / lanes, blocks: blocks)
            }
            return Layouts(input: layout(schedule.inputBlocks), output: layout(schedule.outputBlocks))
        }
        return try node.timeline(schedules, layouts: layouts).duration
    }

    private func firstNode(_ build: (Int, Topology) -> Schedule) -> [Schedule] {
        let topology = Topology(nodeCount: cluster.nodes, ranksPerNode: cluster.ranksPerNode)
        return (0..<cluster.ranksPerNode).map { build($0, topology) }
    }
}

extension ExpertTraffic {
    /// The hidden states of a node's tokens, in bytes.
    var hiddenBytes: Int { ExpertTraffic.whole(Double(tokensPerNode * hidden) * elementBytes) }
}
