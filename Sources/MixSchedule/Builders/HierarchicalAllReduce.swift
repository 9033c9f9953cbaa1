extension Schedule {
    /// All-reduce on two levels: reduce-scatter inside each node, a ring all-reduce between the nodes for each lane, and
    /// all-gather inside each node.
    ///
    /// With m ranks on each of n nodes only 1/m of the data crosses to other nodes per rank, 2(n−1)/(nm) of it is sent
    /// there, and the levels work at the same time on different pieces. Where nodes differ in size there are no lanes:
    /// each node then reduces to its first rank on a tree, these do the ring, and broadcast the result.
    ///
    /// - Parameters:
    ///   - rank: the rank that the schedule is for, from 0.
    ///   - topology: the ranks of each node.
    ///   - pieces: into how many pieces the part of each lane is cut, so that the levels overlap.
    ///   - insideNode: how ranks of one node reach each other. Nodes of unequal size always use messages.
    public static func hierarchicalAllReduce(
        rank: Int, topology: Topology, pieces: Int = 1, insideNode: InsideNode = .mapped
    ) -> Schedule {
        guard topology.rankCount > 1 else { return .localCopy() }
        guard let laneCount = topology.ranksPerNode else {
            return leaderAllReduce(rank: rank, topology: topology, pieces: pieces)
        }
        var draft = ScheduleDraft(rank: rank, rankCount: topology.rankCount)
        let lane = topology.lane(of: rank)
        let mates = topology.nodes[topology.node(of: rank)]
        let counterparts = topology.nodes.map { $0[lane] }
        let scattering = draft.addRing(over: counterparts, named: "between nodes: ")
        // With streams of its own, one piece's all-gather does not hold up the next one's reduce-scatter.
        let gathering =
            insideNode == .mapped
            ? draft.addRing(over: counterparts, named: "between nodes: gather: ", channel: 1) : scattering
        let levels = Levels(
            lane: lane, nodeCount: topology.nodeCount, pieces: pieces, mates: mates, scattering: scattering,
            gathering: gathering)
        if mates.count == 1 {
            for piece in 0..<pieces { draft.betweenNodes(levels, piece: piece, own: .input) }
        } else if insideNode == .mapped {
            draft.hierarchicalThroughMappedMemory(levels)
        } else {
            draft.hierarchicalByMessages(levels)
        }
        let blocks = laneCount * pieces * topology.nodeCount
        return draft.finished(inputBlocks: blocks, outputBlocks: blocks)
    }

    private static func leaderAllReduce(rank: Int, topology: Topology, pieces: Int) -> Schedule {
        var draft = ScheduleDraft(rank: rank, rankCount: topology.rankCount)
        let nodeCount = topology.nodeCount
        let mates = topology.nodes[topology.node(of: rank)]
        let leaders = topology.nodes.map { $0[0] }
        let tree = Tree.binomial(rank: rank, ranks: mates, root: mates[0])
        let sum = draft.output(0, count: nodeCount)
        var ready = draft.reduce(
            up: tree, named: "node: ", pieces: 1, own: draft.input(0, count: nodeCount), sum: sum)
        if rank == mates[0] {
            let ring = draft.addRing(over: leaders, named: "between nodes: ")
            let own = mates.count == 1 ? Buffer.input : .output
            let reduced = ready[0]
            ready = draft.allReduce(
                on: ring, pieces: pieces,
                own: { Slice(own, rank: rank, block: $0) },
                result: { Slice(.output, rank: rank, block: $0) },
                ready: { _ in reduced })
        }
        draft.broadcast(
            down: tree, named: "node: ", pieces: 1, source: sum, result: sum, ready: [ready.last!])
        return draft.finished(inputBlocks: nodeCount, outputBlocks: nodeCount)
    }
}

/// How the data is cut for two levels, seen from one rank: by lane, then by piece, then by node, so that the part of a lane
/// in one piece is a run of blocks, one for each position of the ring between the nodes.
private struct Levels {
    let lane: Int
    let nodeCount: Int
    let pieces: Int
    /// The ranks of this rank's node by lane.
    let mates: [Int]
    /// The ring of this lane through all nodes, for each half.
    let scattering: Ring
    let gathering: Ring

    func block(lane: Int, piece: Int, node: Int) -> Int {
        (lane * pieces + piece) * nodeCount + node
    }

    func run(_ buffer: Buffer, rank: Int, lane: Int, piece: Int) -> Slice {
        Slice(
            buffer, rank: rank, block: block(lane: lane, piece: piece, node: 0),
            blockCount: nodeCount)
    }

    /// The other ranks of the node with their lanes, beginning with the next lane up.
    var others: [(lane: Int, rank: Int)] {
        (1..<mates.count).map { (lane + $0) % mates.count }.map { ($0, mates[$0]) }
    }
}

extension ScheduleDraft {
    /// The all-reduce of one piece of this lane between the nodes. Returns when its own block and all others are there.
    @discardableResult
    fileprivate mutating func betweenNodes(
        _ levels: Levels, piece: Int, own: Buffer, ready: (Int) -> Completion? = { _ in nil }
    ) -> [Completion?] {
        let rank = rank
        func slice(_ buffer: Buffer, node: Int) -> Slice {
            Slice(
                buffer, rank: rank,
                block: levels.block(lane: levels.lane, piece: piece, node: node))
        }
        let home = slice(.output, node: levels.scattering.position)
        let reduced = reduceScatter(
            on: levels.scattering, own: { slice(own, node: $0) }, partial: { slice(.output, node: $0) }, result: home,
            ready: { block, _ in ready(block) })
        return reduced
            + allGather(on: levels.gathering, own: home, result: { slice(.output, node: $0) }, ready: reduced)
    }

    fileprivate mutating func hierarchicalThroughMappedMemory(_ levels: Levels) {
        let reducing = addStream("node: reduce")
        let gathering = addStream("node: gather")
        let others = levels.others.map(\.rank)
        // One stream does all signalling: entered, piece 0 reduced everywhere, piece 1…, finished with peers' memory.
        append(.signal, to: gathering)
        awaitAll(others, signals: 1, in: reducing)
        for piece in 0..<levels.pieces {
            var reduced: [Completion?] = Array(repeating: nil, count: levels.nodeCount)
            // In the order in which the ring between the nodes wants the blocks.
            for back in 1...levels.nodeCount {
                let node = levels.scattering.block(back: back)
                let block = levels.block(lane: levels.lane, piece: piece, node: node)
                reduced[node] = append(
                    .reduce(
                        from: levels.mates.map { Slice(.input, rank: $0, block: block) },
                        to: [output(block)]),
                    to: reducing)
            }
            let done = betweenNodes(levels, piece: piece, own: .output) { reduced[$0] }
            append(.signal, to: gathering, after: done)
            for (lane, mate) in levels.others {
                append(.await(rank: mate, signals: piece + 2), to: gathering)
                append(
                    .copy(
                        from: levels.run(.output, rank: mate, lane: lane, piece: piece),
                        to: levels.run(.output, rank: rank, lane: lane, piece: piece)),
                    to: gathering)
            }
        }
        append(.signal, to: gathering)
        awaitAll(others, signals: levels.pieces + 2, in: gathering)
    }

    fileprivate mutating func hierarchicalByMessages(_ levels: Levels) {
        let rank = rank
        let scatter = addRing(over: levels.mates, named: "node: reduce-scatter ")
        let gather = addRing(over: levels.mates, named: "node: all-gather ", channel: 2)
        for piece in 0..<levels.pieces {
            let mine = levels.run(.output, rank: rank, lane: levels.lane, piece: piece)
            let reduced = reduceScatter(
                on: scatter,
                own: { levels.run(.input, rank: rank, lane: $0, piece: piece) },
                partial: { levels.run(.output, rank: rank, lane: $0, piece: piece) },
                result: mine)[0]
            let done = betweenNodes(levels, piece: piece, own: .output) { _ in reduced }
            allGather(
                on: gather, own: mine,
                result: { levels.run(.output, rank: rank, lane: $0, piece: piece) },
                ready: [done.last!])
        }
    }
}
