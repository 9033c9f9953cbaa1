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
    ///   - rank: the rank that the schedule is for, from 0.
    ///   - topology: nodes of equal size.
    ///   - pieces: into how many pieces each transfer is cut, so that wire and node work at the same time.
    ///   - overlaps: false for the three phases one after the other, as a yardstick.
    /// - Source: "MixServe" (arXiv 2601.08800), §III-C.
    public static func fusedAllReduceAllToAll(
        rank: Int, topology: Topology, pieces: Int = 1, overlaps: Bool = true
    ) -> Schedule {
        var draft = FusedDraft(rank: rank, topology: topology, pieces: pieces)
        let (grid, transfers) = (draft.grid, draft.transfers)
        let publishing = draft.addStream("node: publish")
        let reducing = draft.addStream("node: reduce")
        let gathering = draft.addStream("node: gather")
        draft.enter(publishing: publishing, reading: reducing)
        let reduced = transfers.map {
            draft.reduce(
                draft.part(.input, $0.up, $0.piece), into: draft.part(.part, $0.up, $0.piece), in: reducing)
        }
        let own = (0..<pieces).map {
            draft.reduce(draft.part(.input, grid.node, $0), into: draft.part(.output, grid.node, $0), in: reducing)
        }
        let arrived = zip(transfers, reduced).map { transfer, reduced in
            draft.exchange(
                transfer, draft.part(.part, transfer.up, transfer.piece), after: overlaps ? reduced : own.last,
                into: draft.part(.output, transfer.down, transfer.piece))
        }
        guard grid.laneCount > 1 else { return draft.finished() }

        // The own node's rows in between the last round's, when they have long been reduced: the wire is not kept waiting.
        var ready: [(node: Int, piece: Int, causes: [FusedDraft.Completion])] = []
        for (number, transfer) in transfers.enumerated() {
            let causes = overlaps ? [arrived[number]] : Array(arrived.suffix(2)) + [own.last!]
            ready.append((transfer.down, transfer.piece, causes))
            if transfer.round == grid.nodeCount - 1 {
                ready.append((grid.node, transfer.piece, overlaps ? [own[transfer.piece]] : causes))
            }
        }
        if grid.nodeCount == 1 { ready = (0..<pieces).map { (grid.node, $0, [own[$0]]) } }
        for (number, (node, piece, causes)) in ready.enumerated() {
            let output = draft.part(.output, node, piece)
            draft.append(.signal, to: publishing, after: causes)
            draft.gather(output, into: output, signals: number + 2, in: gathering)
        }
        draft.leave(signals: ready.count + 2, publishing: publishing, reading: gathering)
        return draft.finished()
    }

    /// All-reduce inside each node, and after it an all-to-all between nodes in which every lane sends whole blocks to the
    /// same lane of every other node; blocks as in ``fusedAllReduceAllToAll(rank:topology:pieces:overlaps:)``.
    public static func unfusedAllReduceAllToAll(rank: Int, topology: Topology) -> Schedule {
        var draft = FusedDraft(rank: rank, topology: topology)
        let own = draft.grid.node
        let moving = draft.addStream("node: all-reduce")
        let reduced = draft.allReduceInsideNode(in: moving)
        draft.append(.copy(from: draft.whole(.full, own), to: draft.whole(.output, own)), to: moving)
        for transfer in draft.transfers {
            _ = draft.exchange(
                transfer, draft.whole(.full, transfer.up), after: reduced, into: draft.whole(.output, transfer.down),
                receivingAfter: reduced)
        }
        return draft.finished()
    }

    /// The same for little data: every lane reduces and sends whole blocks by itself, and waits for its mates only to enter
    /// and to leave. The least latency, and m times the bytes.
    public static func directAllReduceAllToAll(rank: Int, topology: Topology) -> Schedule {
        var draft = FusedDraft(rank: rank, topology: topology)
        let own = draft.grid.node
        let reducing = draft.addStream("node: reduce")
        draft.enter(publishing: reducing, reading: reducing)
        for transfer in draft.transfers {
            let whole = draft.whole(.full, transfer.up)
            let reduced = draft.reduce(draft.whole(.input, transfer.up), into: whole, in: reducing)
            _ = draft.exchange(transfer, whole, after: reduced, into: draft.whole(.output, transfer.down))
        }
        draft.reduce(draft.whole(.input, own), into: draft.whole(.output, own), in: reducing)
        if draft.grid.laneCount > 1 { draft.leave(signals: 2, publishing: reducing, reading: reducing) }
        return draft.finished()
    }
}
