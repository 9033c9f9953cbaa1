internal import MixSchedule

// Operations that combine what the ranks hold. N is a buffer's size in bytes, n the number of ranks.

extension Communicator {
    /// Replaces `buffer` on every rank with the reduction of all ranks' buffers, element by element.
    ///
    /// All ranks give the same count, type and reduction. Moves 2(n−1)/n · N bytes per rank at the least.
    public func allReduce<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, _ reduction: Reduction = .sum
    ) throws(CollectiveError) {
        let count = buffer.count
        try buffer.withMutableCollectiveMemory { memory throws(CollectiveError) in
            try run(Call(
                .allReduce, Memory.Element.dataType, reduction, count: count,
                input: UnsafeRawPointer(memory), output: memory))
        }
    }

    /// Sets `output` on every rank to the reduction of all ranks' `input`, element by element.
    ///
    /// `output.count == input.count`, the same on all ranks.
    public func allReduce<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output, _ reduction: Reduction = .sum
    ) throws(CollectiveError) where Input.Element == Output.Element {
        let count = input.count
        try check(.allReduce, output: output.count, equals: count, "as many elements as the input")
        try withMemory(input, &output) { input, output throws(CollectiveError) in
            try run(Call(
                .allReduce, Input.Element.dataType, reduction, count: count, input: input, output: output))
        }
    }

    /// Reduces all ranks' `input` and leaves block `rank` of the result in `output`.
    ///
    /// `input.count == size · output.count`, the same on all ranks. Moves (n−1)/n · N bytes per rank.
    public func reduceScatter<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output, _ reduction: Reduction = .sum
    ) throws(CollectiveError) where Input.Element == Output.Element {
        let count = output.count
        try check(.reduceScatter, input: input.count, equals: count * size, "size times as many elements as the output")
        try withMemory(input, &output) { input, output throws(CollectiveError) in
            try run(Call(
                .reduceScatter, Input.Element.dataType, reduction, count: count, input: input, output: output))
        }
    }

    /// Reduces all ranks' `buffer` and leaves block `rank` of the result in that block of it; the other
    /// blocks keep their contents or lose them, as it suits.
    ///
    /// `buffer.count` is a multiple of `size`, the same on all ranks.
    public func reduceScatter<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, _ reduction: Reduction = .sum
    ) throws(CollectiveError) {
        let count = try blockCount(.reduceScatter, of: buffer.count)
        let offset = rank * count * Memory.Element.dataType.size
        try buffer.withMutableCollectiveMemory { memory throws(CollectiveError) in
            try run(Call(
                .reduceScatter, Memory.Element.dataType, reduction, count: count,
                input: UnsafeRawPointer(memory), output: memory.map { $0 + offset }, inPlace: true))
        }
    }

    /// Sets `output` on rank `root` to the reduction of all ranks' `input`; elsewhere `output` is not touched.
    public func reduce<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output, _ reduction: Reduction = .sum, root: Int
    ) throws(CollectiveError) where Input.Element == Output.Element {
        let count = input.count
        if rank == root { try check(.reduce, output: output.count, equals: count, "as many elements as the input") }
        try withMemory(input, &output) { input, output throws(CollectiveError) in
            try run(Call(
                .reduce, Input.Element.dataType, reduction, count: count, root: root, input: input, output: output))
        }
    }

    /// Replaces `buffer` on rank `root` with the reduction of all ranks' buffers.
    public func reduce<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, _ reduction: Reduction = .sum, root: Int
    ) throws(CollectiveError) {
        let count = buffer.count
        try buffer.withMutableCollectiveMemory { memory throws(CollectiveError) in
            try run(Call(
                .reduce, Memory.Element.dataType, reduction, count: count, root: root,
                input: UnsafeRawPointer(memory), output: memory))
        }
    }
}
