internal import MixSchedule
internal import CMixKernels

extension Communicator {
    /// Brings the experts' results back: sets every row of `output` to the sum of its choices' results, each multiplied by
    /// its weight (unless ``DispatchOptions/weightsResults`` says otherwise) and added up over all lanes.
    ///
    /// `partials` has a row for each choice of `dispatched`, in their order: what this lane's share of that expert made of
    /// the choice's row (experts are cut over the lanes, so results are sums over them). They are weighted and added up in
    /// float32 inside the node, rounded to the wire format, sent to their owners by the lanes side by side, added there in
    /// float32 in a fixed order, and gathered: bit-identical on all lanes of a node and from run to run.
    ///
    /// Memory from ``allocate(_:count:)`` is read in place by the other lanes; other memory is copied first, unless there are none. Per lane
    /// and node, (rows received)·hidden/m elements in wire format cross between nodes.
    ///
    /// - Parameters:
    ///   - partials: [choices, hidden].
    ///   - dispatched: what ``dispatch(_:hidden:routing:placement:options:)`` of this communicator returned; good for one combine.
    ///   - output: [tokens, hidden], the tokens that this node's lanes dispatched.
    /// - Throws: ``CollectiveError/Code/invalidArgument`` on all ranks when one of them gives memory of another size, a
    ///   handle of another communicator, or one that was combined before.
    /// - Source: "MixServe" (arXiv 2601.08800), algorithm 2, with rows summed before the wire.
    public func combine<
        Partials: CollectiveMemory & ~Copyable & ~Escapable, Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ partials: borrowing Partials, _ dispatched: borrowing Dispatched<Output.Element>, into output: inout Output
    ) throws(CollectiveError) where Partials.Element == Output.Element {
        let storage = dispatched.storage
        try enter(.fusedCombine)
        defer { inUse = false }
        let grid = try evenGrid(.fusedCombine)
        func refuse(_ text: String) -> CollectiveError {
            failEverywhere(
                CollectiveError(
                    .invalidArgument, text, rank: rank, host: host, operation: .fusedCombine, sequence: operationNumber)
            )
        }
        guard dispatched.workspace === workspace else {
            throw refuse("these rows were dispatched by another communicator; that one combines them")
        }
        guard storage.grid == grid.topology else { throw refuse("these rows were dispatched on another grid of nodes") }
        guard !storage.isSpent else {
            throw refuse("these rows were combined before; a handle is good for one combine")
        }
        guard partials.count == dispatched.choiceCount * storage.hidden else {
            throw refuse(
                "the partial results have \(partials.count) elements and should have "
                    + "\(dispatched.choiceCount * storage.hidden): \(dispatched.choiceCount) choices of \(storage.hidden)"
            )
        }
        guard output.count == storage.cells.tokens * storage.hidden else {
            throw refuse(
                "the output has \(output.count) elements and should have \(storage.cells.tokens * storage.hidden): "
                    + "\(storage.cells.tokens) tokens of \(storage.hidden)")
        }
        storage.isSpent = true
        let call = Call(
            .fusedCombine, storage.type, count: storage.hidden, root: Int(storage.number & 0xffff),
            input: address(partials), output: address(&output))
        try tellingAll { () throws(CollectiveError) in try bringBack(call, storage, grid) }
    }

    private func bringBack(_ call: Call, _ storage: DispatchStorage, _ grid: FusedGrid) throws(CollectiveError) {
        let rows = RowGrid(
            grid, hidden: storage.hidden, slicing: storage.options.slicing, tokens: storage.cells.tokens)
        let format = RowFormat(storage.type, storage.options.combineFormat)
        let name = forced[.fusedCombine]?.name ?? "fused"
        // The rows are cut as they were dispatched.
        let pieces = storage.pieces
        guard name == "fused" || pieces == 1 else {
            throw failEverywhere(
                CollectiveError(
                    .invalidArgument,
                    "algorithm \"\(name)\" combines rows in one piece, and these were dispatched in \(pieces); "
                        + "use one algorithm for both", rank: rank, host: host, operation: .fusedCombine,
                    sequence: operationNumber))
        }
        let (schedule, index) = compiledFused(.fusedCombine, name, pieces: pieces, grid)
        var mapped = call
        let bytes = storage.arrivals.choiceRows.count * storage.hidden * storage.type.size
        if grid.laneCount > 1, heapOffset(call.input, bytes) < 0 {
            let copied = try staging(9, bytes)
            copy(call.input, 0, to: copied, 0, bytes)
            mapped.input = UnsafeRawPointer(copied)
        }
        let stride = format.bytes(name == "unfused" ? storage.hidden : rows.greatestLaneColumns)
        var used = CombineWork.sumBytes(rows, tokens: storage.cells.tokens)
        storage.arrivals.rows.place(stride: stride, except: grid.node, &used)
        storage.routes.rows.place(stride: stride, except: grid.node, &used)
        let scratch = try rowScratch(used)
        let memory = try meetLanes(mapped, index: index, pieces: pieces, scratch: scratch, note: storage.number, grid)
        workspace.makeRoom(elements: storage.hidden, terms: 256 * grid.laneCount)
        let work = CombineWork(
            rows: rows, format: format, storage: storage, memory: memory, wide: workspace.wide,
            sources: workspace.sources, weights: workspace.weights)
        let signature = MessageSignature(call, algorithm: UInt8(index), number: collectiveNumber).rawValue
        var executor = Executor(self, schedule, .fusedCombine, work, signature: signature)
        try runToEnd(&executor)
    }
}
