extension Schedule {
    /// Fused dispatch: rows that all lanes of a node hold go to other nodes, each lane sending its part of them, and are
    /// put together again inside the receiving node while the next ones are on the wire.
    ///
    /// Input block (d, j) is what node d shall get, the part of lane j, the same on all lanes of a node; output block
    /// (s, j) is what came from node s. In round i = 1…n−1 a lane packs its part for the node i places up and sends it to
    /// the same lane there; what arrives from the node i places down is published, and all lanes gather it. A lane sends
    /// (n−1)/m of a block's rows, 1/m of what ``unfusedDispatch(rank:topology:)`` sends. A node's own rows are copied.
    ///
    /// - Parameters:
    ///   - topology: nodes of equal size.
    ///   - pieces: into how many pieces each transfer is cut, so that wire and node work at the same time.
    ///   - overlaps: false for all transfers first and the gathering afterwards, as a yardstick.
    /// - Source: "MixServe" (arXiv 2601.08800), algorithm 1, in the order of its prose and Fig. 9: reduced before it is sent.
    public static func fusedDispatch(
        rank: Int, topology: Topology, pieces: Int = 1, overlaps: Bool = true
    ) -> Schedule {
        let grid = FusedGrid(rank: rank, topology: topology)
        var draft = ScheduleDraft(rank: rank, rankCount: topology.rankCount)
        var wires = FusedWires(&draft)
        let publishing = draft.addStream("node: publish")
        let packing = draft.addStream("node: pack")
        let gathering = draft.addStream("node: gather")
        let keeping = draft.addStream("node: own rows")
        let isShared = grid.laneCount > 1 && grid.nodeCount > 1
        if isShared { draft.append(.signal, to: publishing) }

        let transfers = (1..<grid.nodeCount).flatMap { round in (0..<pieces).map { (round: round, piece: $0) } }
        var packed = transfers.map { transfer in
            let node = grid.destination(round: transfer.round)
            return draft.append(
                .copy(
                    from: grid.part(.input, node, lane: grid.lane).piece(transfer.piece, of: pieces),
                    to: grid.part(.part, node, lane: grid.lane).piece(transfer.piece, of: pieces)), to: packing)
        }
        if !overlaps { packed = packed.map { _ in packed.last! } }
        var arrived: [ScheduleDraft.Completion] = []
        for (transfer, packed) in zip(transfers, packed) {
            let (up, down) = (grid.destination(round: transfer.round), grid.source(round: transfer.round))
            wires.send(
                grid.part(.part, up, lane: grid.lane).piece(transfer.piece, of: pieces),
                to: grid.counterpart(on: up), after: [packed], &draft)
            arrived.append(
                wires.receive(
                    grid.part(.arrival, down, lane: grid.lane).piece(transfer.piece, of: pieces),
                    from: grid.counterpart(on: down), &draft))
        }
        for (number, transfer) in transfers.enumerated() {
            let node = grid.source(round: transfer.round)
            let causes = overlaps ? [arrived[number]] : Array(arrived.suffix(2))
            if isShared { draft.append(.signal, to: publishing, after: causes) }
            draft.append(
                .copy(
                    from: grid.part(.arrival, node, lane: grid.lane).piece(transfer.piece, of: pieces),
                    to: grid.part(.output, node, lane: grid.lane).piece(transfer.piece, of: pieces)),
                to: gathering, after: causes)
            for (lane, mate) in grid.others {
                draft.append(.await(rank: mate, signals: number + 2), to: gathering)
                draft.append(
                    .copy(
                        from: grid.part(.arrival, node, lane: lane, of: mate).piece(transfer.piece, of: pieces),
                        to: grid.part(.output, node, lane: lane).piece(transfer.piece, of: pieces)), to: gathering)
            }
        }
        for piece in 0..<pieces {
            draft.append(
                .copy(
                    from: grid.whole(.input, grid.node).piece(piece, of: pieces),
                    to: grid.whole(.output, grid.node).piece(piece, of: pieces)), to: keeping)
        }
        if isShared { draft.leave(grid, after: transfers.count + 1, publishing: publishing, reading: gathering) }
        return draft.finished(
            inputBlocks: grid.blockCount, outputBlocks: grid.blockCount, scratchBlocks: grid.scratchBlocks)
    }

    /// Dispatch as engines without fusion do it: every lane sends whole rows to the same lane of every other node.
    ///
    /// Blocks as in ``fusedDispatch(rank:topology:pieces:overlaps:)``. Packs, sends and unpacks one after the other, and
    /// takes nothing from the node's other lanes: the least that has to be waited for, and m times the bytes.
    public static func unfusedDispatch(rank: Int, topology: Topology) -> Schedule {
        let grid = FusedGrid(rank: rank, topology: topology)
        var draft = ScheduleDraft(rank: rank, rankCount: topology.rankCount)
        var wires = FusedWires(&draft)
        let moving = draft.addStream("node: pack and unpack")
        let rounds = 1..<grid.nodeCount
        var packed: ScheduleDraft.Completion?
        for round in rounds {
            let node = grid.destination(round: round)
            packed = draft.append(.copy(from: grid.whole(.input, node), to: grid.whole(.full, node)), to: moving)
        }
        var arrived: [ScheduleDraft.Completion] = []
        for round in rounds {
            let (up, down) = (grid.destination(round: round), grid.source(round: round))
            wires.send(grid.whole(.full, up), to: grid.counterpart(on: up), after: [packed], &draft)
            arrived.append(
                wires.receive(grid.whole(.arrival, down), from: grid.counterpart(on: down), after: [packed], &draft))
        }
        draft.append(
            .copy(from: grid.whole(.input, grid.node), to: grid.whole(.output, grid.node)), to: moving,
            after: Array(arrived.suffix(2)))
        for round in rounds {
            let node = grid.source(round: round)
            draft.append(.copy(from: grid.whole(.arrival, node), to: grid.whole(.output, node)), to: moving)
        }
        return draft.finished(
            inputBlocks: grid.blockCount, outputBlocks: grid.blockCount, scratchBlocks: grid.scratchBlocks)
    }
}

extension ScheduleDraft {
    /// Appends what ends a collective that let peers read this rank's memory: nobody goes before all have read.
    mutating func leave(_ grid: FusedGrid, after signals: Int, publishing: Int, reading: Int) {
        append(.signal, to: publishing, after: [Completion(stream: reading, steps: streams[reading].steps.count)])
        awaitAll(grid.others.map(\.rank), signals: signals + 1, in: reading)
    }
}
