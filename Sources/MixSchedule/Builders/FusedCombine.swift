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
    ///   - rank: the rank that the schedule is for, from 0.
    ///   - topology: nodes of equal size.
    ///   - pieces: into how many pieces each transfer is cut, so that wire and node work at the same time.
    ///   - overlaps: false for reduce-scatter, all-to-all and all-gather one after the other, as a yardstick.
    /// - Source: "MixServe" (arXiv 2601.08800), algorithm 2, in the order of its prose and Fig. 9.
    public static func fusedCombine(
        rank: Int, topology: Topology, pieces: Int = 1, overlaps: Bool = true
    ) -> Schedule {
        var draft = FusedDraft(rank: rank, topology: topology, pieces: pieces)
        let (grid, transfers) = (draft.grid, draft.transfers)
        let publishing = draft.addStream("node: publish")
        let reducing = draft.addStream("node: reduce")
        let adding = draft.addStream("node: add")
        let gathering = draft.addStream("node: gather")
        draft.enter(publishing: publishing, reading: reducing)
        let reduced = transfers.map {
            draft.reduce(
                draft.part(.input, $0.up, $0.piece), into: draft.part(.part, $0.up, $0.piece), in: reducing)
        }
        let own = (0..<pieces).map {
            draft.reduce(draft.part(.input, grid.node, $0), into: draft.part(.sum, grid.node, $0), in: reducing)
        }
        let arrived = zip(transfers, reduced).map { transfer, reduced in
            draft.exchange(
                transfer, draft.part(.part, transfer.up, transfer.piece), after: overlaps ? reduced : own.last,
                into: draft.part(.arrival, transfer.down, transfer.piece))
        }
        var finished = own
        for (number, transfer) in transfers.enumerated() {
            let sum = draft.part(.sum, grid.node, transfer.piece)
            let causes = overlaps ? [arrived[number]] : Array(arrived.suffix(2))
            finished[transfer.piece] = draft.append(
                .reduce(from: [sum, draft.part(.arrival, transfer.down, transfer.piece)], to: [sum]), to: adding,
                after: [own[transfer.piece]] + causes)
        }
        if !overlaps { finished = finished.map { _ in finished.last! } }
        let isShared = grid.laneCount > 1
        for piece in 0..<pieces {
            let (sum, output) = (draft.part(.sum, grid.node, piece), draft.part(.output, 0, piece))
            if isShared { draft.append(.signal, to: publishing, after: [finished[piece]]) }
            draft.append(.copy(from: sum, to: output), to: gathering, after: [finished[piece]])
            draft.gather(sum, into: output, signals: piece + 2, in: gathering)
        }
        if isShared { draft.leave(signals: pieces + 2, publishing: publishing, reading: gathering) }
        return draft.finished(outputBlocks: grid.laneCount)
    }

    /// Combine as engines without fusion do it: an all-reduce inside each node, then every lane sends whole rows to the
    /// same lane of their owner, and adds what arrives. One phase after the other; blocks as in
    /// ``fusedCombine(rank:topology:pieces:overlaps:)``, m times the bytes.
    public static func unfusedCombine(rank: Int, topology: Topology) -> Schedule {
        var draft = FusedDraft(rank: rank, topology: topology)
        let (grid, transfers) = (draft.grid, draft.transfers)
        let moving = draft.addStream("node: all-reduce, add")
        let reduced = draft.allReduceInsideNode(in: moving)
        let arrived = transfers.map {
            draft.exchange(
                $0, draft.whole(.full, $0.up), after: reduced, into: draft.whole(.arrival, $0.down),
                receivingAfter: reduced)
        }
        let sum = draft.whole(.full, grid.node)
        for (number, transfer) in transfers.enumerated() {
            // All of this node's lanes add in the same order, which makes their results the same.
            draft.append(
                .reduce(from: [sum, draft.whole(.arrival, transfer.down)], to: [sum]), to: moving,
                after: number == 0 ? Array(arrived.suffix(2)) : [])
        }
        draft.append(.copy(from: sum, to: draft.whole(.output, 0)), to: moving)
        return draft.finished(outputBlocks: grid.laneCount)
    }
}

extension FusedDraft {
    /// Appends an all-reduce among the lanes of a node of what they have for all nodes, into region `full`.
    mutating func allReduceInsideNode(in stream: Int) -> Completion {
        enter(publishing: stream, reading: stream)
        for node in 0..<grid.nodeCount { reduce(part(.input, node), into: part(.full, node), in: stream) }
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
            awaitMates(signals: 3, in: stream)
        }
        return end(of: stream)
    }
}
