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
    /// `use(algorithm:for:)` with ``/MixSchedule/Operation/fusedDispatch`` takes `sequential` and `unfused` for comparison.
    ///
    /// - Parameters:
    ///   - rows: [tokens, hidden], f32, bf16 or f16.
    ///   - hidden: elements per row, the same on all ranks.
    ///   - routing: [tokens, k]; a choice may be ``Routing/none``.
    ///   - placement: the node of every expert; the same on all ranks. At most 65,536 experts.
    ///   - options: the same on all ranks.
    /// - Returns: the received rows, and the handle with which results go back by ``combine(_:_:into:)``. Keep at most a few:
    ///   a handle's memory serves the next dispatch when it is gone, and nothing is allocated then.
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
        storage.grid = grid.topology
        storage.isSpent = false
        storage.number = collectiveNumber
        let call = Call(.fusedDispatch, type, count: hidden, input: address(rows))
        try tellingAll { () throws(CollectiveError) in try move(call, storage, routing, placement, grid) }
        return dispatched
    }

    private static let tinyBytes = 4 << 10

    private func move(
        _ call: Call, _ storage: DispatchStorage, _ routing: Routing, _ placement: [Int32], _ grid: FusedGrid
    ) throws(CollectiveError) {
        let rows = RowGrid(
            grid, hidden: storage.hidden, slicing: storage.options.slicing, tokens: routing.tokenCount)
        let format = RowFormat(storage.type, storage.options.dispatchFormat)
        let name = forced[.fusedDispatch]?.name ?? "fused"
        let pieces = name == "fused" ? storage.options.pieces : 1
        let laneBytes = format.bytes((storage.hidden + grid.laneCount - 1) / grid.laneCount)
        storage.cells = TokenCells(
            tokens: routing.tokenCount, pieces: pieces, lanes: rows.cellLanes,
            leastTokens: RowGrid.leastTokens(laneBytes: laneBytes))
        storage.routes.sort(
            routing, placement, nodeCount: grid.nodeCount, deduplicates: storage.options.deduplicates, storage.cells)
        try exchangeNotes(storage, grid, placement)

        // Of a few bytes each lane gets all by itself, rather than wait for its mates' parts.
        let isTiny =
            forced[.fusedDispatch] == nil && storage.mostTokens * storage.hidden * storage.type.size <= Self.tinyBytes
        let chosen = isTiny ? "unfused" : name
        let (schedule, index) = compiledFused(.fusedDispatch, chosen, pieces: storage.pieces, grid)
        workspace.makeRoom(elements: storage.hidden, terms: 1)
        try storage.makeRoom(bytes: storage.arrivals.rows.count * storage.hidden * storage.type.size)
        let stride = format.bytes(chosen == "unfused" ? storage.hidden : rows.greatestLaneColumns)
        var bytes = 0
        storage.arrivals.rows.place(stride: stride, except: grid.node, &bytes)
        storage.routes.rows.place(stride: stride, except: grid.node, &bytes)
        let scratch = try rowScratch(bytes)
        let memory = try meetLanes(
            call, index: index, pieces: storage.pieces, scratch: scratch,
            note: grid.laneCount > 1 ? Self.fingerprint(routing, placement, storage.options) : 0, grid)
        let work = DispatchWork(
            rows: rows, format: format, storage: storage, memory: memory, wide: workspace.wide)
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

    // MARK: Checks

    /// Checks this rank's arguments. What is wrong with them is told to all ranks, which would wait for this one.
    private func check(
        _ count: Int, _ type: DataType, _ hidden: Int, _ routing: Routing, _ placement: [Int32],
        _ options: DispatchOptions, _ grid: FusedGrid
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
}
