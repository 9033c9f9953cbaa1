extension Schedule {
    /// All-to-all on two levels: blocks of ranks of one node are copied through mapped memory, and all others are sent from
    /// rank to rank, in round (i, j) to the node i places up and the lane j places up.
    ///
    /// Each rank sends its blocks for ranks of other nodes, the least possible. Node and wires work at the same time, and
    /// the lanes of a node never turn to the same rank at once, as they would if they went by rank alone.
    public static func hierarchicalAllToAll(rank: Int, topology: Topology) -> Schedule {
        var draft = ScheduleDraft(rank: rank, rankCount: topology.rankCount)
        let node = topology.node(of: rank)
        let others = topology.nodes[node].filter { $0 != rank }
        let sending = draft.addStream("between nodes: send")
        let receiving = draft.addStream("between nodes: receive")
        let copying = draft.addStream("node: copy")
        // Both ends of a message know it by the same round, so that nobody waits in a circle.
        let (nodeCount, lane) = (topology.nodeCount, topology.lane(of: rank))
        let laneCount = topology.nodes.map(\.count).max() ?? 1
        func round(_ nodes: Int, _ lanes: Int) -> Int {
            (nodes + nodeCount) % nodeCount * laneCount + (lanes + laneCount) % laneCount
        }
        let strangers = draft.peers.filter { topology.node(of: $0) != node }
        let places = strangers.map { (peer: $0, up: topology.node(of: $0) - node, along: topology.lane(of: $0) - lane) }
        for (peer, _, _) in places.sorted(by: { round($0.up, $0.along) < round($1.up, $1.along) }) {
            draft.append(.send(draft.input(peer), to: peer), to: sending)
        }
        for (peer, _, _) in places.sorted(by: { round(-$0.up, -$0.along) < round(-$1.up, -$1.along) }) {
            draft.append(.receive(draft.output(peer), from: peer), to: receiving)
        }
        if !others.isEmpty { draft.append(.signal, to: copying) }
        draft.append(.copy(from: draft.input(rank), to: draft.output(rank)), to: copying)
        for mate in others {
            draft.append(.await(rank: mate, signals: 1), to: copying)
            draft.append(.copy(from: Slice(.input, rank: mate, block: rank), to: draft.output(mate)), to: copying)
        }
        if !others.isEmpty { draft.append(.signal, to: copying) }
        draft.awaitAll(others, signals: 2, in: copying)
        return draft.finished(inputBlocks: topology.rankCount, outputBlocks: topology.rankCount)
    }
}
