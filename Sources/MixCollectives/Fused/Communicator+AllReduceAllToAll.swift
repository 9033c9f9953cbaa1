public import MixSchedule
internal import CMixSystem

extension Communicator {
    /// All-reduce inside each node of the ``grid`` woven with all-to-all between its n nodes.
    ///
    /// `input` has n blocks of equal size, one for each node; block s of `output`, on every lane of node d, is the sum over
    /// the lanes of node s of their blocks d. Bit-identical on all lanes of a node and from run to run.
    ///
    /// Each lane sends (n−1)/m of a block to other nodes, 1/m of what an all-reduce followed by an all-to-all sends, while
    /// the node's lanes reduce and gather the pieces before and behind. Where both buffers overlap, the input is copied first. `use(algorithm:for:)` takes `sequential` and
    /// `unfused` for comparison.
    ///
    /// - Source: "MixServe" (arXiv 2601.08800), §III-C.
    @inlinable
    public func allReduceAllToAll<
        Input: CollectiveMemory & ~Copyable & ~Escapable, Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output, _ reduction: Reduction = .sum
    ) throws(CollectiveError) where Input.Element == Output.Element {
        let count = try blocksPerNode(input.count)
        try check(.fusedAllReduceAllToAll, "output", output.count, equals: input.count, "as many elements as the input")
        try runFused(
            Call(
                .fusedAllReduceAllToAll, Input.Element.dataType, reduction, count: count, input: address(input),
                output: address(&output)))
    }

    @usableFromInline func blocksPerNode(_ count: Int) throws(CollectiveError) -> Int {
        let nodes = try evenGrid(.fusedAllReduceAllToAll).nodeCount
        guard count.isMultiple(of: nodes) else {
            throw refusal(
                .invalidArgument, .fusedAllReduceAllToAll,
                "the buffer has \(count) elements, not a multiple of the \(nodes) nodes")
        }
        return count / nodes
    }

    /// Up to so many bytes of a block, every lane does all of it by itself.
    private static let directBytes = 16 << 10

    @usableFromInline func runFused(_ call: Call) throws(CollectiveError) {
        guard call.type.isReducible else {
            throw refusal(.unsupported, call.operation, "\(call.type.name) is a payload type and can't be reduced")
        }
        guard call.reduction != .average else {
            throw refusal(.unsupported, call.operation, "a node's share of an average is not defined; sum, and divide")
        }
        let grid = try evenGrid(call.operation)
        try enter(call.operation)
        defer { inUse = false }
        try tellingAll { () throws(CollectiveError) in try moveBlocks(call, grid) }
    }

    private func moveBlocks(_ call: Call, _ grid: FusedGrid) throws(CollectiveError) {
        let bytes = call.count * call.type.size
        let name = forced[call.operation]?.name ?? (bytes <= Self.directBytes ? "direct" : "fused")
        let lanes = grid.laneCount
        let pieces = name == "fused" ? Swift.max(1, Swift.min(16, (bytes / lanes) >> 17)) : 1
        let (schedule, index) = compiledFused(call.operation, name, pieces: pieces, grid)

        // Parts of lanes are the same for every node's block, wherever it lies.
        let alignment = Swift.max(1, 64 / call.type.size)
        let parts = Layout.equal(count: call.count, blocks: lanes, alignment: alignment)
        let counts = (0..<lanes).map { parts.range(ofBlock: $0).count }
        func blocks(_ lines: Int) -> Layout {
            .counts((0..<lines).flatMap { _ in counts }, alignment: alignment)
        }
        let layouts = Layouts(
            input: blocks(grid.nodeCount), output: blocks(grid.nodeCount),
            scratch: blocks(schedule.scratchBlocks / lanes))
        let inputBytes = bytes * grid.nodeCount
        var mapped = call
        if heapOffset(call.input, inputBytes) < 0 || call.overlaps(inputBytes) {
            let copied = try staging(9, inputBytes)
            copy(call.input, 0, to: copied, 0, inputBytes)
            mapped.input = UnsafeRawPointer(copied)
        }
        if heapOffset(UnsafeRawPointer(call.output), inputBytes) < 0 { mapped.output = try staging(8, inputBytes) }
        // Of the regions of scratch memory, the first is used by all, and the second by those that move whole blocks.
        let scratch = try scratchMemory(inputBytes * (name == "fused" || name == "sequential" ? 1 : 2))
        let memory = try meetLanes(mapped, index: index, pieces: pieces, scratch: scratch, note: 0, grid)
        let signature = MessageSignature(call, algorithm: UInt8(index), number: collectiveNumber).rawValue
        let work = BufferWork(self, schedule, layouts, mapped, memory: memory, streaming: false)
        var executor = Executor(self, schedule, call.operation, work, signature: signature)
        try runToEnd(&executor)
        if mapped.output != call.output { copy(UnsafeRawPointer(mapped.output), 0, to: call.output, 0, inputBytes) }
    }
}

extension Call {
    /// Whether input and output of so many bytes each have some in common: lanes write results while mates still read.
    fileprivate func overlaps(_ bytes: Int) -> Bool {
        guard let input, let output else { return false }
        return abs(UnsafeRawPointer(output) - input) < bytes
    }
}
