public import MixSchedule

// From the caller's arguments to a Call: what can be told to be wrong before any other rank is asked, and the
// addresses of the memory. Blocking and asynchronous forms share these.
//
// The addresses outlive the closures that hand them out, but not the caller's borrow: every kind of memory keeps
// its place while it is lent, and each operation returns (or resumes) before the loan ends.
extension Communicator {
    @inlinable func allReduceCall<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, _ reduction: Reduction
    ) -> Call {
        let memory = address(&buffer)
        return Call(
            .allReduce, Memory.Element.dataType, reduction, count: buffer.count, input: UnsafeRawPointer(memory),
            output: memory)
    }

    @inlinable
    func allReduceCall<
        Input: CollectiveMemory & ~Copyable & ~Escapable, Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, _ output: inout Output, _ reduction: Reduction
    ) throws(CollectiveError) -> Call where Input.Element == Output.Element {
        try check(.allReduce, "output", output.count, equals: input.count, "as many elements as the input")
        return Call(
            .allReduce, Input.Element.dataType, reduction, count: input.count, input: address(input),
            output: address(&output))
    }

    @inlinable
    func reduceScatterCall<
        Input: CollectiveMemory & ~Copyable & ~Escapable, Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, _ output: inout Output, _ reduction: Reduction
    ) throws(CollectiveError) -> Call where Input.Element == Output.Element {
        try check(
            .reduceScatter, "input", input.count, equals: output.count * size,
            "size times as many elements as the output")
        return Call(
            .reduceScatter, Input.Element.dataType, reduction, count: output.count, input: address(input),
            output: address(&output))
    }

    @inlinable func reduceScatterCall<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, _ reduction: Reduction
    ) throws(CollectiveError) -> Call {
        let count = try blockCount(.reduceScatter, of: buffer.count)
        let memory = address(&buffer)
        return Call(
            .reduceScatter, Memory.Element.dataType, reduction, count: count, input: UnsafeRawPointer(memory),
            output: memory.map { $0 + rank * count * Memory.Element.dataType.size }, inPlace: true)
    }

    @inlinable
    func reduceCall<
        Input: CollectiveMemory & ~Copyable & ~Escapable, Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, _ output: inout Output, _ reduction: Reduction, root: Int
    ) throws(CollectiveError) -> Call where Input.Element == Output.Element {
        if rank == root {
            try check(.reduce, "output", output.count, equals: input.count, "as many elements as the input")
        }
        return Call(
            .reduce, Input.Element.dataType, reduction, count: input.count, root: root, input: address(input),
            output: address(&output))
    }

    @inlinable func reduceCall<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, _ reduction: Reduction, root: Int
    ) -> Call {
        let memory = address(&buffer)
        return Call(
            .reduce, Memory.Element.dataType, reduction, count: buffer.count, root: root,
            input: UnsafeRawPointer(memory), output: memory)
    }

    @inlinable
    func allGatherCall<
        Input: CollectiveMemory & ~Copyable & ~Escapable, Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, _ output: inout Output
    ) throws(CollectiveError) -> Call where Input.Element == Output.Element {
        try check(
            .allGather, "output", output.count, equals: input.count * size, "size times as many elements as the input")
        return Call(
            .allGather, Input.Element.dataType, count: input.count, input: address(input), output: address(&output))
    }

    @inlinable func allGatherCall<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory
    ) throws(CollectiveError) -> Call {
        let count = try blockCount(.allGather, of: buffer.count)
        let memory = address(&buffer)
        return Call(
            .allGather, Memory.Element.dataType, count: count,
            input: memory.map { UnsafeRawPointer($0 + rank * count * Memory.Element.dataType.size) }, output: memory,
            inPlace: true)
    }

    @inlinable
    func allToAllCall<
        Input: CollectiveMemory & ~Copyable & ~Escapable, Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, _ output: inout Output
    ) throws(CollectiveError) -> Call where Input.Element == Output.Element {
        let count = try blockCount(.allToAll, of: input.count)
        try check(.allToAll, "output", output.count, equals: input.count, "as many elements as the input")
        return Call(.allToAll, Input.Element.dataType, count: count, input: address(input), output: address(&output))
    }

    @inlinable func allToAllCall<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory
    ) throws(CollectiveError) -> Call {
        let count = try blockCount(.allToAll, of: buffer.count)
        let memory = address(&buffer)
        return Call(
            .allToAll, Memory.Element.dataType, count: count, input: UnsafeRawPointer(memory), output: memory,
            inPlace: true)
    }

    @inlinable
    func allToAllVCall<
        Input: CollectiveMemory & ~Copyable & ~Escapable, Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, _ sent: borrowing Blocks, _ output: inout Output, _ received: borrowing Blocks
    ) throws(CollectiveError) -> Call where Input.Element == Output.Element {
        try check(.allToAllV, sent, fit: input.count, "input")
        try check(.allToAllV, received, fit: output.count, "output")
        try check(
            .allToAllV, "received block from this rank itself", received.counts[rank], equals: sent.counts[rank],
            "as many as it sends to itself")
        return Call(
            .allToAllV, Input.Element.dataType, input: address(input), output: address(&output),
            sent: BlockTable(sent), received: BlockTable(received))
    }

    @inlinable func allToAllVCall<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, _ blocks: borrowing Blocks
    ) throws(CollectiveError) -> Call {
        try check(.allToAllV, blocks, fit: buffer.count, "buffer")
        let memory = address(&buffer)
        return Call(
            .allToAllV, Memory.Element.dataType, input: UnsafeRawPointer(memory), output: memory,
            sent: BlockTable(blocks), received: BlockTable(blocks), inPlace: true)
    }

    @inlinable func broadcastCall<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, root: Int
    ) -> Call {
        let memory = address(&buffer)
        return Call(
            .broadcast, Memory.Element.dataType, count: buffer.count, root: root, input: UnsafeRawPointer(memory),
            output: memory)
    }

    @inlinable
    func gatherCall<
        Input: CollectiveMemory & ~Copyable & ~Escapable, Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, _ output: inout Output, root: Int
    ) throws(CollectiveError) -> Call where Input.Element == Output.Element {
        if rank == root {
            try check(
                .gather, "output", output.count, equals: input.count * size, "size times as many elements as the input")
        }
        return Call(
            .gather, Input.Element.dataType, count: input.count, root: root, input: address(input),
            output: address(&output))
    }

    @inlinable
    func scatterCall<
        Input: CollectiveMemory & ~Copyable & ~Escapable, Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, _ output: inout Output, root: Int
    ) throws(CollectiveError) -> Call where Input.Element == Output.Element {
        if rank == root {
            try check(
                .scatter, "input", input.count, equals: output.count * size, "size times as many elements as the output"
            )
        }
        return Call(
            .scatter, Input.Element.dataType, count: output.count, root: root, input: address(input),
            output: address(&output))
    }

    @inlinable @inline(__always) func address<Memory: CollectiveMemory & ~Copyable & ~Escapable>(
        _ memory: borrowing Memory
    ) -> UnsafeRawPointer? {
        memory.withCollectiveMemory { $0 }
    }

    @inlinable @inline(__always) func address<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ memory: inout Memory
    ) -> UnsafeMutableRawPointer? {
        memory.withMutableCollectiveMemory { $0 }
    }
}
