extension Schedule {
    /// All-gather on two levels: a ring for each lane through all nodes, and copies inside each node of what its lanes got.
    ///
    /// With m ranks on each of n nodes each rank sends n−1 blocks, so that each node gets every block of other nodes once,
    /// the least possible. Where nodes differ in size there are no lanes, and one ring goes through all ranks.
    ///
    /// - Parameters:
    ///   - rank: the rank that the schedule is for, from 0.
    ///   - topology: the ranks of each node.
    ///   - pieces: into how many pieces each block is cut, so that a rank forwards one while it receives the next.
    public static func hierarchicalAllGather(rank: Int, topology: Topology, pieces: Int = 1) -> Schedule {
        guard topology.ranksPerNode != nil else {
            return ringAllGather(rank: rank, rankCount: topology.rankCount, pieces: pieces)
        }
        var draft = ScheduleDraft(rank: rank, rankCount: topology.rankCount)
        let lane = topology.lane(of: rank)
        let mates = topology.nodes[topology.node(of: rank)]
        let others = mates.filter { $0 != rank }
        let counterparts = topology.nodes.map { $0[lane] }
        let ring = draft.addRing(over: counterparts, named: "between nodes: ")
        let arrived = draft.allGatherByRound(
            on: ring, pieces: pieces, own: draft.input(0),
            result: { Slice(.output, rank: rank, block: counterparts[$0]) })

        let gathering = draft.addStream("node: gather")
        if !others.isEmpty { draft.append(.signal, to: gathering) }
        draft.append(.copy(from: draft.input(0), to: draft.output(rank)), to: gathering)
        for mate in others {
            draft.append(.await(rank: mate, signals: 1), to: gathering)
            draft.append(.copy(from: Slice(.input, rank: mate, block: 0), to: draft.output(mate)), to: gathering)
        }
        guard !others.isEmpty else {
            return draft.finished(inputBlocks: 1, outputBlocks: topology.rankCount)
        }
        // The signals of one rank: entered, each piece of each round here, finished with peers' memory.
        var signals = 1
        for (round, completions) in arrived.enumerated() {
            for (piece, completion) in completions.enumerated() {
                draft.append(.signal, to: gathering, after: [completion])
                signals += 1
                for mate in others {
                    // Lanes are in step: what came in this round came from the same node to all of this one.
                    let owner = topology.nodes[ring.block(back: round + 1)][topology.lane(of: mate)]
                    draft.append(.await(rank: mate, signals: signals), to: gathering)
                    draft.append(
                        .copy(
                            from: Slice(.output, rank: mate, block: owner).piece(piece, of: pieces),
                            to: draft.output(owner).piece(piece, of: pieces)),
                        to: gathering)
                }
            }
        }
        draft.append(.signal, to: gathering)
        draft.awaitAll(others, signals: signals + 1, in: gathering)
        return draft.finished(inputBlocks: 1, outputBlocks: topology.rankCount)
    }
}
