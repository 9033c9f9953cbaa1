internal import MixSchedule
internal import CMixSystem

extension Communicator {
    /// Sends every token's row to the nodes of its experts, and gives every lane of a node all rows that came.
    ///
    /// All lanes of a node of the ``grid`` pass the same rows and the same routing: what attention's all-reduce left on
    /// each of them. Each lane sends its part of the rows to the same lane of the other nodes while the lanes gather what
    /// has come; counts may differ on every node and call, and may be zero. Per lane and node, (rows sent)·hidden/m
    /// elements in wire format cross between nodes, and with them a note of some hundred bytes and 6 bytes per choice.
    ///
    /// `use(algorithm:for:)` with ``Operation/fusedDispatch`` takes `sequential` and `unfused` for comparison.
    ///
    /// - Parameters:
    ///   - rows: [tokens, hidden], f32, bf16 or f16.
    ///   - hidden: elements per row, the same on all ranks.
    ///   - routing: [tokens, k]; a choice may be ``Routing/none``.
    ///   - placement: the node of every expert; the same on all ranks. At most 65,536 experts.
    ///   - options: the same on all ranks.
    /// - Returns: the received rows, and the handle with which results go back by ``combine(_:_:into:)``.
    /// - Throws: ``CollectiveError/Code/invalidArgument`` on all ranks when one of them gives an expert that is not in
    ///   `placement`, a node that is not in the grid, k = 0 or rows that do not fit; ``CollectiveError/Code/mismatch``
    ///   when ranks differ in `hidden`, type or options, or lanes of a node in their routing.
    /// - Source: "MixServe" (arXiv 2601.08800), algorithm 1; one row per token and node as in DeepSeek's DeepEP.
    public func dispatch<Rows: CollectiveMemory & ~Copyable & ~Escapable>(
        _ rows: borrowing Rows, hidden: Int, routing: Routing, placement: [Int32],
        options: DispatchOptions = DispatchOptions()
    ) throws(CollectiveError) -> Dispatched<Rows.Element> {
        let type = Rows.Element.dataType
        try enter(.fusedDispatch)
        defer { inUse = false }
        let grid = try evenGrid(.fusedDispatch)
        try check(rows.count, type, hidden, routing, placement, options, grid)
        let storage = try workspace.take(node.heap)
        let dispatched = Dispatched<Rows.Element>(storage, workspace)
        storage.options = options
        storage.hidden = hidden
        storage.type = type
        storage.grid = grid
        storage.isSpent = false
        storage.number = collectiveNumber
        let call = Call(.fusedDispatch, type, count: hidden, input: address(rows))
        try tellingAll { () throws(CollectiveError) in try move(call, storage, routing, placement, grid) }
        return dispatched
    }

    private static let tinyBytes = 4 << 10

    private func move(
        _ call: Call, _ storage: DispatchStorage, _ routing: Routing, _ placement: [Int32], _ grid: Topology
    ) throws(CollectiveError) {
        let fused = FusedGrid(rank: rank, topology: grid)
        let rows = RowGrid(fused, hidden: storage.hidden, slicing: storage.options.slicing)
        let format = RowFormat(storage.type, storage.options.dispatchFormat)
        let name = forced[.fusedDispatch]?.name ?? "fused"
        let pieces = name == "fused" ? storage.options.pieces : 1
        let laneBytes = format.bytes((storage.hidden + fused.laneCount - 1) / fused.laneCount)
        storage.cells = TokenCells(
            tokens: routing.tokenCount, pieces: pieces, lanes: rows.cellLanes,
            leastTokens: RowGrid.leastTokens(laneBytes: laneBytes))
        storage.routes.sort(
            routing, placement, nodeCount: grid.nodeCount, deduplicates: storage.options.deduplicates, storage.cells)
        try exchangeNotes(storage, fused, placement)

        // Of a few bytes each lane gets all by itself, rather than wait for its mates' parts.
        let isTiny =
            forced[.fusedDispatch] == nil && storage.mostTokens * storage.hidden * storage.type.size <= Self.tinyBytes
        let chosen = isTiny ? "unfused" : name
        let (schedule, index) = compiledFused(.fusedDispatch, chosen, pieces: storage.pieces, grid)
        workspace.makeRoom(elements: storage.hidden, terms: 1)
        try storage.makeRoom(bytes: storage.arrivals.nodeRows.last! * storage.hidden * storage.type.size)
        let stride = format.bytes(chosen == "unfused" ? storage.hidden : rows.greatestLaneColumns)
        var bytes = 0
        let arrivalStarts = Self.starts(storage.arrivals.nodeRows, stride, except: fused.node, &bytes)
        let packedStarts = Self.starts(storage.routes.nodeRows, stride, except: fused.node, &bytes)
        let scratch = try rowScratch(bytes)
        let memory = try meetLanes(
            call, index: index, pieces: storage.pieces, scratch: scratch,
            note: Self.fingerprint(routing, placement, storage.options), grid)
        let work = DispatchWork(
            rows: rows, format: format, storage: storage, memory: memory, arrivalStarts: arrivalStarts,
            packedStarts: packedStarts, wide: workspace.wide)
        let signature = MessageSignature(call, algorithm: UInt8(index), number: collectiveNumber).rawValue
        var executor = Executor(self, schedule, .fusedDispatch, work, signature: signature)
        try runToEnd(&executor)
    }

    /// What lanes of a node must agree on, in one number.
    private static func fingerprint(_ routing: Routing, _ placement: [Int32], _ options: DispatchOptions) -> UInt64 {
        var hash = routing.fingerprint ^ UInt64(options.code)
        for node in placement { hash = (hash ^ UInt64(UInt32(bitPattern: node))) &* 0x9e37_79b9_7f4a_7c15 }
        return hash
    }

    /// Where each node's rows begin, one behind the other from `bytes` on; nothing is kept for one node.
    static func starts(_ nodeRows: [Int], _ stride: Int, except node: Int, _ bytes: inout Int) -> [Int] {
        (0..<nodeRows.count - 1).map { other in
            let start = bytes
            if other != node { bytes += SharedHeap.roundedUp((nodeRows[other + 1] - nodeRows[other]) * stride, 64) }
            return start
        }
    }

    // MARK: Notes

    /// Tells the same lane of every node which rows it gets, and learns what this one gets.
    private func exchangeNotes(
        _ storage: DispatchStorage, _ grid: FusedGrid, _ placement: [Int32]
    ) throws(CollectiveError) {
        let (cells, nodes) = (storage.cells.count, 0..<grid.nodeCount)
        let noteBytes = RouteNote.bytes(cells: cells)
        let memory = try staging(7, 2 * noteBytes * grid.nodeCount)
        let outgoing = nodes.map { RouteNote(memory: memory + $0 * noteBytes, cellCount: cells) }
        var incoming = nodes.map { RouteNote(memory: memory + (grid.nodeCount + $0) * noteBytes, cellCount: cells) }
        for node in nodes {
            outgoing[node].write(
                hidden: storage.hidden, options: storage.options.code, tokens: storage.cells.tokens,
                type: storage.type, storage.routes, to: node)
        }
        incoming[grid.node] = outgoing[grid.node]
        try exchangeLanes(
            outgoing.map { ($0.memory, noteBytes) }, incoming.map { ($0.memory, noteBytes) }, grid.topology)
        for node in nodes { try check(incoming[node], storage, from: grid.counterpart(on: node)) }

        // All ranks have a note of every node, and come to the same.
        storage.mostTokens = incoming.reduce(0) { Swift.max($0, $1.tokens) }
        storage.pieces = incoming.reduce(1) { Swift.max($0, storage.cells.counterpart(tokens: $1.tokens).usedPieces) }
        let sent = nodes.map { outgoing[$0].isInline ? 0 : SharedHeap.roundedUp(outgoing[$0].listBytes, 64) }
        let received = nodes.map {
            incoming[$0].isInline || $0 == grid.node ? 0 : SharedHeap.roundedUp(incoming[$0].listBytes, 64)
        }
        let total = sent.reduce(0, +) + received.reduce(0, +)
        var next = total > 0 ? try staging(6, total) : memory
        func place(_ lengths: [Int]) -> [(address: UnsafeMutableRawPointer, bytes: Int)] {
            lengths.map { length in
                defer { next += length }
                return (next, length)
            }
        }
        let (mine, theirs) = (place(sent), place(received))
        for node in nodes where sent[node] > 0 { RouteNote.writeList(storage.routes, node, to: mine[node].address) }
        if total > 0 { try exchangeLanes(mine, theirs, grid.topology) }
        let lists = nodes.map { node in
            incoming[node].list(second: node == grid.node ? mine[node].address : theirs[node].address)
        }
        for node in nodes {
            guard incoming[node].isConsistent(lists[node], placement, node: grid.node) else {
                throw senseless(grid.counterpart(on: node))
            }
        }
        storage.arrivals.read(zip(incoming, lists).map { ($0, $1) }, expertCount: placement.count)
    }

    /// Exchanges blocks with the same lane of every other node.
    private func exchangeLanes(
        _ outgoing: [(address: UnsafeMutableRawPointer, bytes: Int)],
        _ incoming: [(address: UnsafeMutableRawPointer, bytes: Int)], _ grid: Topology
    ) throws(CollectiveError) {
        guard grid.nodeCount > 1 else { return }
        let key = CompiledSchedule.Key(
            operation: Operation.fusedDispatch.code, algorithm: .max, pieces: 1, root: 0, isOfGrid: true)
        let schedule = schedules[key] ?? CompiledSchedule(.laneAllToAll(rank: rank, topology: grid))
        schedules[key] = schedule
        let call = Call(.fusedDispatch, .uint8)
        let signature = MessageSignature(call, algorithm: 30, number: collectiveNumber).rawValue
        let work = LaneWork(outgoing: outgoing, incoming: incoming)
        var executor = Executor(self, schedule, .fusedDispatch, work, signature: signature)
        try runToEnd(&executor)
    }

    // MARK: Checks

    /// Checks this rank's arguments. What is wrong with them is told to all ranks, which would wait for this one.
    private func check(
        _ count: Int, _ type: DataType, _ hidden: Int, _ routing: Routing, _ placement: [Int32],
        _ options: DispatchOptions, _ grid: Topology
    ) throws(CollectiveError) {
        func refuse(_ text: String, _ code: CollectiveError.Code = .invalidArgument) -> CollectiveError {
            failEverywhere(
                CollectiveError(
                    code, text, rank: rank, host: host, operation: .fusedDispatch, sequence: operationNumber))
        }
        guard type.isFusable else {
            throw refuse("rows of \(type.name) can't be dispatched; f32, bf16 and f16 can", .unsupported)
        }
        guard routing.choices >= 1, routing.choices <= 255 else {
            throw refuse("a token can't choose \(routing.choices) experts; 1 to 255 it can")
        }
        guard routing.experts.count == routing.tokenCount * routing.choices,
            routing.weights.count == routing.experts.count
        else {
            throw refuse(
                "\(routing.experts.count) experts and \(routing.weights.count) weights are no routing with "
                    + "\(routing.choices) of each per token")
        }
        guard hidden >= 1, count == routing.tokenCount * hidden else {
            throw refuse(
                "\(count) elements are not \(routing.tokenCount) rows of \(hidden), one for each token that is routed")
        }
        guard placement.count <= 65_536 else { throw refuse("\(placement.count) experts; there may be 65,536") }
        guard options.pieces >= 1, options.pieces <= 64 else {
            throw refuse("\(options.pieces) pieces; there may be 1 to 64")
        }
        guard options.combineFormat != .float8 else {
            throw refuse("sums of experts' results do not go back as e4m3; bf16 is the smallest form", .unsupported)
        }
        for (expert, node) in placement.enumerated() where node < 0 || node >= grid.nodeCount {
            throw refuse("expert \(expert) is placed on node \(node); the grid's nodes are 0 to \(grid.nodeCount - 1)")
        }
        for (index, expert) in routing.experts.enumerated()
        where expert != Routing.none && (expert < 0 || expert >= placement.count) {
            throw refuse(
                "token \(index / routing.choices) chose expert \(expert); experts are 0 to \(placement.count - 1), "
                    + "and \(Routing.none) is none")
        }
    }

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
