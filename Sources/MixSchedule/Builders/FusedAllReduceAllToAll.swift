extension Schedule {
    /// Fused all-reduce and all-to-all of equal blocks: what the lanes of a node have for another node is reduced, sent,
    /// and gathered there, each lane moving its part.
    ///
    /// Input block (d, j) is this rank's contribution to what node d shall get, the part of lane j; output block (s, j) is
    /// the sum over the lanes of node s of what they had for this node, on each of its lanes. Reduce-scatter inside the
    /// node, all-to-all between nodes and all-gather inside the node run side by side on different pieces. A lane sends
    /// (n−1)/m of a block, 1/m of what an all-reduce followed by an all-to-all sends.
    ///
    /// - Parameters:
    ///   - topology: nodes of equal size.
    ///   - pieces: into how many pieces each transfer is cut, so that wire and node work at the same time.
    ///   - overlaps: false for the three phases one after the other, as a yardstick.
    /// - Source: "MixServe" (arXiv 2601.08800), §III-C.
    public static func fusedAllReduceAllToAll(
        rank: Int, topology: Topology, pieces: Int = 1, overlaps: Bool = true
    ) -> Schedule {
        let grid = FusedGrid(rank: rank, topology: topology)
        var draft = ScheduleDraft(rank: rank, rankCount: topology.rankCount)
        var wires = FusedWires(&draft)
        let publishing = draft.addStream("node: publish")
        let reducing = draft.addStream("node: reduce")
        let gathering = draft.addStream("node: gather")
        let isShared = grid.laneCount > 1
        if isShared {
            draft.append(.signal, to: publishing)
            draft.awaitAll(grid.others.map(\.rank), signals: 1, in: reducing)
        }
        func reduce(_ node: Int, _ piece: Int, into target: Slice) -> ScheduleDraft.Completion {
            draft.append(
                .reduce(
                    from: grid.mates.map { grid.part(.input, node, lane: grid.lane, of: $0).piece(piece, of: pieces) },
                    to: [target.piece(piece, of: pieces)]), to: reducing)
        }

        let transfers = (1..<grid.nodeCount).flatMap { round in (0..<pieces).map { (round: round, piece: $0) } }
        let reduced = transfers.map { transfer in
            let node = grid.destination(round: transfer.round)
            return reduce(node, transfer.piece, into: grid.part(.part, node, lane: grid.lane))
        }
        let own = (0..<pieces).map { reduce(grid.node, $0, into: grid.part(.output, grid.node, lane: grid.lane)) }
        var arrived: [ScheduleDraft.Completion] = []
        for (number, transfer) in transfers.enumerated() {
            let (up, down) = (grid.destination(round: transfer.round), grid.source(round: transfer.round))
            wires.send(
                grid.part(.part, up, lane: grid.lane).piece(transfer.piece, of: pieces),
                to: grid.counterpart(on: up), after: [overlaps ? reduced[number] : own.last], &draft)
            arrived.append(
                wires.receive(
                    grid.part(.output, down, lane: grid.lane).piece(transfer.piece, of: pieces),
                    from: grid.counterpart(on: down), &draft))
        }
        guard isShared else {
            return draft.finished(
                inputBlocks: grid.blockCount, outputBlocks: grid.blockCount, scratchBlocks: grid.scratchBlocks)
        }

        // The own node's rows in between the last round's, when they have long been reduced: the wire is not kept waiting.
        var ready: [(node: Int, piece: Int, causes: [ScheduleDraft.Completion])] = []
        for (number, transfer) in transfers.enumerated() {
            let causes = overlaps ? [arrived[number]] : Array(arrived.suffix(2)) + [own.last!]
            ready.append((grid.source(round: transfer.round), transfer.piece, causes))
            if transfer.round == grid.nodeCount - 1 {
                ready.append((grid.node, transfer.piece, overlaps ? [own[transfer.piece]] : causes))
            }
        }
        if grid.nodeCount == 1 { ready = (0..<pieces).map { (grid.node, $0, [own[$0]]) } }
        for (number, (node, piece, causes)) in ready.enumerated() {
            draft.append(.signal, to: publishing, after: causes)
            for (lane, mate) in grid.others {
                draft.append(.await(rank: mate, signals: number + 2), to: gathering)
                draft.append(
                    .copy(
                        from: grid.part(.output, node, lane: lane, of: mate).piece(piece, of: pieces),
                        to: grid.part(.output, node, lane: lane).piece(piece, of: pieces)), to: gathering)
            }
        }
        draft.leave(grid, after: ready.count + 1, publishing: publishing, reading: gathering)
        return draft.finished(
            inputBlocks: grid.blockCount, outputBlocks: grid.blockCount, scratchBlocks: grid.scratchBlocks)
    }

    /// All-reduce inside each node, and after it an all-to-all between nodes in which every lane sends whole blocks to the
    /// same lane of every other node; blocks as in ``fusedAllReduceAllToAll(rank:topology:pieces:overlaps:)``.
    public static func unfusedAllReduceAllToAll(rank: Int, topology: Topology) -> Schedule {
        let grid = FusedGrid(rank: rank, topology: topology)
        var draft = ScheduleDraft(rank: rank, rankCount: topology.rankCount)
        var wires = FusedWires(&draft)
        let moving = draft.addStream("node: all-reduce")
        let reduced = draft.allReduceInsideNode(grid, in: moving)
        draft.append(.copy(from: grid.whole(.full, grid.node), to: grid.whole(.output, grid.node)), to: moving)
        for round in 1..<grid.nodeCount {
            let (up, down) = (grid.destination(round: round), grid.source(round: round))
            wires.send(grid.whole(.full, up), to: grid.counterpart(on: up), after: [reduced], &draft)
            _ = wires.receive(grid.whole(.output, down), from: grid.counterpart(on: down), after: [reduced], &draft)
        }
        return draft.finished(
            inputBlocks: grid.blockCount, outputBlocks: grid.blockCount, scratchBlocks: grid.scratchBlocks)
    }

    /// The same for little data: every lane reduces and sends whole blocks by itself, and waits for its mates only to enter
    /// and to leave. The least latency, and m times the bytes.
    public static func directAllReduceAllToAll(rank: Int, topology: Topology) -> Schedule {
        let grid = FusedGrid(rank: rank, topology: topology)
        var draft = ScheduleDraft(rank: rank, rankCount: topology.rankCount)
        var wires = FusedWires(&draft)
        let reducing = draft.addStream("node: reduce")
        let others = grid.others.map(\.rank)
        if !others.isEmpty {
            draft.append(.signal, to: reducing)
            draft.awaitAll(others, signals: 1, in: reducing)
        }
        for round in 1..<grid.nodeCount {
            let (up, down) = (grid.destination(round: round), grid.source(round: round))
            let reduced = draft.append(
                .reduce(from: grid.mates.map { grid.whole(.input, up, of: $0) }, to: [grid.whole(.full, up)]),
                to: reducing)
            wires.send(grid.whole(.full, up), to: grid.counterpart(on: up), after: [reduced], &draft)
            _ = wires.receive(grid.whole(.output, down), from: grid.counterpart(on: down), &draft)
        }
        draft.append(
            .reduce(
                from: grid.mates.map { grid.whole(.input, grid.node, of: $0) },
                to: [grid.whole(.output, grid.node)]), to: reducing)
        if !others.isEmpty {
            draft.append(.signal, to: reducing)
            draft.awaitAll(others, signals: 2, in: reducing)
        }
        return draft.finished(
            inputBlocks: grid.blockCount, outputBlocks: grid.blockCount, scratchBlocks: grid.scratchBlocks)
    }
}
