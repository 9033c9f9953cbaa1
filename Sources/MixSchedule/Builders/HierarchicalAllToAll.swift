extension Schedule {
    /// All-to-all on two levels: blocks of ranks of one node are copied through mapped memory, and all others are sent from
    /// rank to rank, in round i to the one i places up.
    ///
    /// Each rank sends its blocks for ranks of other nodes, the least possible. Node and wires work at the same time.
    public static func hierarchicalAllToAll(rank: Int, topology: Topology) -> Schedule {
        var draft = ScheduleDraft(rank: rank, rankCount: topology.rankCount)
        let node = topology.node(of: rank)
        let others = topology.nodes[node].filter { $0 != rank }
        let sending = draft.addStream("between nodes: send")
        let receiving = draft.addStream("between nodes: receive")
        let copying = draft.addStream("node: copy")
        func isStranger(_ peer: Int) -> Bool { topology.node(of: peer) != node }
        for peer in draft.peers where isStranger(peer) {
            draft.append(.send(draft.input(peer), to: peer), to: sending)
        }
        for peer in draft.peers.reversed() where isStranger(peer) {
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
