internal import MixSchedule

// The notes that go before the rows of a dispatch.
extension Communicator {
    /// Tells the same lane of every node which rows it gets, and learns what this one gets.
    func exchangeNotes(
        _ storage: DispatchStorage, _ grid: FusedGrid, _ placement: [Int32]
    ) throws(CollectiveError) {
        let (cells, nodes) = (storage.cells.count, 0..<grid.nodeCount)
        let noteBytes = RouteNote.bytes(cells: cells)
        let memory = try staging(7, 2 * noteBytes * grid.nodeCount)
        func outgoing(_ node: Int) -> RouteNote { RouteNote(memory: memory + node * noteBytes, cellCount: cells) }
        func incoming(_ node: Int) -> RouteNote { outgoing(node == grid.node ? node : grid.nodeCount + node) }
        let blocks = workspace.blocks
        blocks.clear()
        for node in nodes {
            outgoing(node).write(
                hidden: storage.hidden, options: storage.options.code, tokens: storage.cells.tokens,
                type: storage.type, storage.routes, to: node)
            blocks.append(outgoing: (outgoing(node).memory, noteBytes), incoming: (incoming(node).memory, noteBytes))
        }
        try exchangeLanes(blocks, grid)
        for node in nodes { try check(incoming(node), storage, from: grid.counterpart(on: node)) }

        // All ranks have a note of every node, and come to the same.
        (storage.mostTokens, storage.pieces) = (0, 1)
        var bytes = 0
        for node in nodes {
            let tokens = incoming(node).tokens
            storage.mostTokens = Swift.max(storage.mostTokens, tokens)
            storage.pieces = Swift.max(storage.pieces, storage.cells.counterpart(tokens: tokens).usedPieces)
            bytes += outgoing(node).secondBytes + (node == grid.node ? 0 : incoming(node).secondBytes)
        }
        var next = bytes > 0 ? try staging(6, bytes) : memory
        func place(_ bytes: Int) -> LaneBlocks.Block {
            defer { next += bytes }
            return (next, bytes)
        }
        blocks.clear()
        for node in nodes {
            let mine = place(outgoing(node).secondBytes)
            if mine.bytes > 0 { RouteNote.writeList(storage.routes, node, to: mine.address) }
            blocks.append(outgoing: mine, incoming: node == grid.node ? mine : place(incoming(node).secondBytes))
        }
        if bytes > 0 { try exchangeLanes(blocks, grid) }
        func list(_ node: Int) -> UnsafeMutableRawPointer {
            incoming(node).list(second: blocks.incoming[node].address)
        }
        for node in nodes {
            guard incoming(node).isConsistent(list(node), placement, node: grid.node) else {
                throw senseless(grid.counterpart(on: node))
            }
        }
        storage.arrivals.read(nodeCount: grid.nodeCount, cellCount: cells, expertCount: placement.count) {
            (incoming($0), list($0))
        }
    }

    /// Exchanges blocks with the same lane of every other node.
    private func exchangeLanes(_ blocks: LaneBlocks, _ grid: FusedGrid) throws(CollectiveError) {
        guard grid.nodeCount > 1 else { return }
        let key = CompiledSchedule.Key(
            operation: Operation.fusedDispatch.code, algorithm: .max, pieces: 1, root: 0, isOfGrid: true)
        let schedule = schedules[key] ?? CompiledSchedule(.laneAllToAll(rank: rank, topology: grid.topology))
        schedules[key] = schedule
        let call = Call(.fusedDispatch, .uint8)
        let signature = MessageSignature(call, algorithm: 30, number: collectiveNumber).rawValue
        var executor = Executor(self, schedule, .fusedDispatch, LaneWork(blocks: blocks), signature: signature)
        try runToEnd(&executor)
    }

    // MARK: Checks

    private func check(
        _ note: RouteNote, _ storage: DispatchStorage, from peer: Int
    ) throws(CollectiveError) {
        guard note.hidden == storage.hidden, note.type == Int(storage.type.rawValue),
            note.options == storage.options.code
        else {
            let theirs = DataType(rawValue: UInt8(truncatingIfNeeded: note.type))?.name ?? "unknown type"
            let what =
                note.options == storage.options.code || note.hidden != storage.hidden
                ? "rows of \(note.hidden) × \(theirs), rank \(rank) rows of \(storage.hidden) × \(storage.type.name)"
                : "with other options than rank \(rank)"
            throw failEverywhere(
                CollectiveError(
                    .mismatch, "rank \(peer) dispatches \(what); all ranks must do the same", rank: peer,
                    host: host(of: peer), operation: .fusedDispatch, sequence: operationNumber))
        }
        guard note.isPlausible(greatestChoices: 255) else { throw senseless(peer) }
    }

    private func senseless(_ peer: Int) -> CollectiveError {
        failEverywhere(
            CollectiveError(
                .mismatch, "what rank \(peer) says of its rows makes no sense, or it places experts on other nodes",
                rank: peer,
                host: host(of: peer), operation: .fusedDispatch, sequence: operationNumber))
    }
}
