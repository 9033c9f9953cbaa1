extension Schedule {
    /// Reduce-scatter on two levels: each rank reduces out of its node's inputs the blocks of the ranks of its own lane, and a
    /// ring through these collects the nodes' sums on the way to the rank that each block belongs to.
    ///
    /// With m ranks on each of n nodes each rank sends n−1 blocks, the least possible: a node has something to add to each of
    /// the (n−1)m blocks of other nodes. Where nodes differ in size there are no lanes, and one ring goes through all ranks.
    ///
    /// - Parameters:
    ///   - rank: the rank that the schedule is for, from 0.
    ///   - topology: the ranks of each node.
    ///   - pieces: into how many pieces each block is cut, so that node and wire work at the same time.
    public static func hierarchicalReduceScatter(rank: Int, topology: Topology, pieces: Int = 1) -> Schedule {
        guard topology.ranksPerNode != nil else {
            return ringReduceScatter(rank: rank, rankCount: topology.rankCount, pieces: pieces)
        }
        var draft = ScheduleDraft(rank: rank, rankCount: topology.rankCount)
        let mates = topology.nodes[topology.node(of: rank)]
        let others = mates.filter { $0 != rank }
        let counterparts = topology.nodes.map { $0[topology.lane(of: rank)] }
        let reducing = draft.addStream("node: reduce")
        let ring = draft.addRing(over: counterparts, named: "between nodes: ")
        func partial(_ position: Int) -> Slice {
            position == ring.position
                ? Slice(.output, rank: rank, block: 0) : Slice(.scratch, rank: rank, block: counterparts[position])
        }

        if !others.isEmpty { draft.append(.signal, to: reducing) }
        draft.awaitAll(others, signals: 1, in: reducing)
        var reduced = Array(
            repeating: Array(repeating: ScheduleDraft.Completion?.none, count: pieces), count: counterparts.count)
        for piece in 0..<pieces {
            // In the order in which the ring wants the blocks, its own last.
            for back in 1...counterparts.count {
                let position = ring.block(back: back)
                let sources = mates.map { Slice(.input, rank: $0, block: counterparts[position]) }
                // A rank that is alone on its node sends out of its input.
                guard !others.isEmpty || counterparts.count == 1 else { continue }
                reduced[position][piece] = draft.append(
                    .reduce(
                        from: sources.map { $0.piece(piece, of: pieces) },
                        to: [partial(position).piece(piece, of: pieces)]),
                    to: reducing)
            }
        }
        if !others.isEmpty { draft.append(.signal, to: reducing) }
        draft.reduceScatter(
            on: ring, pieces: pieces,
            own: { others.isEmpty ? Slice(.input, rank: rank, block: counterparts[$0]) : partial($0) },
            partial: partial, result: Slice(.output, rank: rank, block: 0), ready: { reduced[$0][$1] })
        draft.awaitAll(others, signals: 2, in: reducing)
        return draft.finished(
            inputBlocks: topology.rankCount, outputBlocks: 1,
            scratchBlocks: counterparts.count > 1 ? topology.rankCount : 0)
    }
}
