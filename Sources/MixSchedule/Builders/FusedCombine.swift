extension Schedule {
    /// Fused combine: partial sums of rows that nodes own are reduced inside each node, sent to their owners lane by lane,
    /// added there, and gathered inside the owner's node behind the last arrivals.
    ///
    /// Input block (s, j) is this rank's partial sum of what node s owns, the part of lane j; output block j is the sum
    /// over all ranks of what this node owns, on each of its lanes. In round i = 1…n−1 a lane reduces its part for the
    /// node i places up out of its mates' inputs and sends it to the same lane there; the own node's rows come last. A
    /// lane sends (n−1) parts, 1/m of what ``unfusedCombine(rank:topology:)`` sends.
    ///
    /// - Parameters:
    ///   - topology: nodes of equal size.
    ///   - pieces: into how many pieces each transfer is cut, so that wire and node work at the same time.
    ///   - overlaps: false for reduce-scatter, all-to-all and all-gather one after the other, as a yardstick.
    /// - Source: "MixServe" (arXiv 2601.08800), algorithm 2, in the order of its prose and Fig. 9.
    public static func fusedCombine(
        rank: Int, topology: Topology, pieces: Int = 1, overlaps: Bool = true
    ) -> Schedule {
        let grid = FusedGrid(rank: rank, topology: topology)
        var draft = ScheduleDraft(rank: rank, rankCount: topology.rankCount)
        var wires = FusedWires(&draft)
        let publishing = draft.addStream("node: publish")
        let reducing = draft.addStream("node: reduce")
        let adding = draft.addStream("node: add")
        let gathering = draft.addStream("node: gather")
        let isShared = grid.laneCount > 1
        if isShared {
            draft.append(.signal, to: publishing)
            draft.awaitAll(grid.others.map(\.rank), signals: 1, in: reducing)
        }
        func reduce(_ node: Int, _ piece: Int, into region: FusedGrid.Region) -> ScheduleDraft.Completion {
            draft.append(
                .reduce(
                    from: grid.mates.map { grid.part(.input, node, lane: grid.lane, of: $0).piece(piece, of: pieces) },
                    to: [grid.part(region, node, lane: grid.lane).piece(piece, of: pieces)]), to: reducing)
        }

        let transfers = (1..<grid.nodeCount).flatMap { round in (0..<pieces).map { (round: round, piece: $0) } }
        let reduced = transfers.map { reduce(grid.destination(round: $0.round), $0.piece, into: .part) }
        let own = (0..<pieces).map { reduce(grid.node, $0, into: .sum) }
        var arrived: [ScheduleDraft.Completion] = []
        for (number, transfer) in transfers.enumerated() {
            let (up, down) = (grid.destination(round: transfer.round), grid.source(round: transfer.round))
            wires.send(
                grid.part(.part, up, lane: grid.lane).piece(transfer.piece, of: pieces),
                to: grid.counterpart(on: up), after: [overlaps ? reduced[number] : own.last], &draft)
            arrived.append(
                wires.receive(
                    grid.part(.arrival, down, lane: grid.lane).piece(transfer.piece, of: pieces),
                    from: grid.counterpart(on: down), &draft))
        }
        var finished = own
        for (number, transfer) in transfers.enumerated() {
            let sum = grid.part(.sum, grid.node, lane: grid.lane).piece(transfer.piece, of: pieces)
            let arrival = grid.part(.arrival, grid.source(round: transfer.round), lane: grid.lane)
            let causes = overlaps ? [arrived[number]] : Array(arrived.suffix(2))
            finished[transfer.piece] = draft.append(
                .reduce(from: [sum, arrival.piece(transfer.piece, of: pieces)], to: [sum]), to: adding,
                after: [own[transfer.piece]] + causes)
        }
        if !overlaps { finished = finished.map { _ in finished.last! } }
        for piece in 0..<pieces {
            if isShared { draft.append(.signal, to: publishing, after: [finished[piece]]) }
            draft.append(
                .copy(
                    from: grid.part(.sum, grid.node, lane: grid.lane).piece(piece, of: pieces),
                    to: grid.part(.output, 0, lane: grid.lane).piece(piece, of: pieces)),
                to: gathering, after: [finished[piece]])
            for (lane, mate) in grid.others {
                draft.append(.await(rank: mate, signals: piece + 2), to: gathering)
                draft.append(
                    .copy(
                        from: grid.part(.sum, grid.node, lane: lane, of: mate).piece(piece, of: pieces),
                        to: grid.part(.output, 0, lane: lane).piece(piece, of: pieces)), to: gathering)
            }
        }
        if isShared { draft.leave(grid, after: pieces + 1, publishing: publishing, reading: gathering) }
        return draft.finished(
            inputBlocks: grid.blockCount, outputBlocks: grid.laneCount, scratchBlocks: grid.scratchBlocks)
    }

    /// Combine as engines without fusion do it: an all-reduce inside each node, then every lane sends whole rows to the
    /// same lane of their owner, and adds what arrives. One phase after the other; blocks as in
    /// ``fusedCombine(rank:topology:pieces:overlaps:)``, m times the bytes.
    public static func unfusedCombine(rank: Int, topology: Topology) -> Schedule {
        let grid = FusedGrid(rank: rank, topology: topology)
        var draft = ScheduleDraft(rank: rank, rankCount: topology.rankCount)
        var wires = FusedWires(&draft)
        let moving = draft.addStream("node: all-reduce, add")
        let reduced = draft.allReduceInsideNode(grid, in: moving)
        var arrived: [ScheduleDraft.Completion] = []
        for round in 1..<grid.nodeCount {
            let (up, down) = (grid.destination(round: round), grid.source(round: round))
            wires.send(grid.whole(.full, up), to: grid.counterpart(on: up), after: [reduced], &draft)
            arrived.append(
                wires.receive(grid.whole(.arrival, down), from: grid.counterpart(on: down), after: [reduced], &draft))
        }
        for (index, round) in (1..<grid.nodeCount).enumerated() {
            // All of this node's lanes add in the same order, which makes their results the same.
            draft.append(
                .reduce(
                    from: [grid.whole(.full, grid.node), grid.whole(.arrival, grid.source(round: round))],
                    to: [grid.whole(.full, grid.node)]),
                to: moving, after: index == 0 ? Array(arrived.suffix(2)) : [])
        }
        draft.append(.copy(from: grid.whole(.full, grid.node), to: grid.whole(.output, 0)), to: moving)
        return draft.finished(
            inputBlocks: grid.blockCount, outputBlocks: grid.laneCount, scratchBlocks: grid.scratchBlocks)
    }
}

extension ScheduleDraft {
    /// Appends an all-reduce among the lanes of a node of what they have for all nodes, into region `full`.
    mutating func allReduceInsideNode(_ grid: FusedGrid, in stream: Int) -> Completion? {
        let others = grid.others.map(\.rank)
        if grid.laneCount > 1 {
            append(.signal, to: stream)
            awaitAll(others, signals: 1, in: stream)
        }
        for node in 0..<grid.nodeCount {
            append(
                .reduce(
                    from: grid.mates.map { grid.part(.input, node, lane: grid.lane, of: $0) },
                    to: [grid.part(.full, node, lane: grid.lane)]), to: stream)
        }
        if grid.laneCount > 1 {
            append(.signal, to: stream)
            for (lane, mate) in grid.others {
                append(.await(rank: mate, signals: 2), to: stream)
                for node in 0..<grid.nodeCount {
                    append(
                        .copy(
                            from: grid.part(.full, node, lane: lane, of: mate),
                            to: grid.part(.full, node, lane: lane)), to: stream)
                }
            }
            append(.signal, to: stream)
            awaitAll(others, signals: 3, in: stream)
        }
        return Completion(stream: stream, steps: streams[stream].steps.count)
    }
}
