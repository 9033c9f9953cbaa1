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
    ///   - rank: the rank that the schedule is for, from 0.
    ///   - topology: nodes of equal size.
    ///   - pieces: into how many pieces each transfer is cut, so that wire and node work at the same time.
    ///   - overlaps: false for all transfers first and the gathering afterwards, as a yardstick.
    /// - Source: "MixServe" (arXiv 2601.08800), algorithm 1, in the order of its prose and Fig. 9: reduced before it is sent.
    public static func fusedDispatch(
        rank: Int, topology: Topology, pieces: Int = 1, overlaps: Bool = true
    ) -> Schedule {
        var draft = FusedDraft(rank: rank, topology: topology, pieces: pieces)
        let (grid, transfers) = (draft.grid, draft.transfers)
        let publishing = draft.addStream("node: publish")
        let packing = draft.addStream("node: pack")
        let gathering = draft.addStream("node: gather")
        let keeping = draft.addStream("node: own rows")
        let isShared = grid.laneCount > 1 && grid.nodeCount > 1
        if isShared { draft.append(.signal, to: publishing) }

        let packed = transfers.map {
            draft.append(
                .copy(from: draft.part(.input, $0.up, $0.piece), to: draft.part(.part, $0.up, $0.piece)), to: packing)
        }
        let arrived = zip(transfers, packed).map { transfer, packing in
            draft.exchange(
                transfer, draft.part(.part, transfer.up, transfer.piece), after: overlaps ? packing : packed.last,
                into: draft.part(.arrival, transfer.down, transfer.piece))
        }
        for (number, transfer) in transfers.enumerated() {
            let causes = overlaps ? [arrived[number]] : Array(arrived.suffix(2))
            let arrival = draft.part(.arrival, transfer.down, transfer.piece)
            let output = draft.part(.output, transfer.down, transfer.piece)
            if isShared { draft.append(.signal, to: publishing, after: causes) }
            draft.append(.copy(from: arrival, to: output), to: gathering, after: causes)
            draft.gather(arrival, into: output, signals: number + 2, in: gathering)
        }
        for piece in 0..<pieces {
            draft.append(
                .copy(from: draft.whole(.input, grid.node, piece), to: draft.whole(.output, grid.node, piece)),
                to: keeping)
        }
        if isShared { draft.leave(signals: transfers.count + 2, publishing: publishing, reading: gathering) }
        return draft.finished()
    }

    /// Dispatch as engines without fusion do it: every lane sends whole rows to the same lane of every other node.
    ///
    /// Blocks as in ``fusedDispatch(rank:topology:pieces:overlaps:)``. Packs, sends and unpacks one after the other, and
    /// takes nothing from the node's other lanes: the least that has to be waited for, and m times the bytes.
    public static func unfusedDispatch(rank: Int, topology: Topology) -> Schedule {
        var draft = FusedDraft(rank: rank, topology: topology)
        let (own, transfers) = (draft.grid.node, draft.transfers)
        let moving = draft.addStream("node: pack and unpack")
        let packed = transfers.map {
            draft.append(.copy(from: draft.whole(.input, $0.up), to: draft.whole(.full, $0.up)), to: moving)
        }
        let arrived = transfers.map {
            draft.exchange(
                $0, draft.whole(.full, $0.up), after: packed.last, into: draft.whole(.arrival, $0.down),
                receivingAfter: packed.last)
        }
        draft.append(
            .copy(from: draft.whole(.input, own), to: draft.whole(.output, own)), to: moving,
            after: Array(arrived.suffix(2)))
        for transfer in transfers {
            draft.append(
                .copy(from: draft.whole(.arrival, transfer.down), to: draft.whole(.output, transfer.down)), to: moving)
        }
        return draft.finished()
    }
}
