extension Schedule {
    /// All-to-all between the same lane of all nodes: block d of the input goes to node d, block s of the output comes
    /// from node s; the own node's is left alone.
    public static func laneAllToAll(rank: Int, topology: Topology) -> Schedule {
        let grid = FusedGrid(rank: rank, topology: topology)
        var draft = ScheduleDraft(rank: rank, rankCount: topology.rankCount)
        let sending = draft.addStream("send")
        let receiving = draft.addStream("receive")
        for round in 1..<grid.nodeCount {
            let (up, down) = (grid.destination(round: round), grid.source(round: round))
            draft.append(.send(draft.input(up), to: grid.counterpart(on: up)), to: sending)
            draft.append(.receive(draft.output(down), from: grid.counterpart(on: down)), to: receiving)
        }
        return draft.finished(inputBlocks: grid.nodeCount, outputBlocks: grid.nodeCount)
    }
}
