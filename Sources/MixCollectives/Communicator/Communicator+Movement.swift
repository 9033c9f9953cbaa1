internal import MixSchedule

// Operations that move what the ranks hold. N is the larger buffer's size in bytes, n the number of ranks.

extension Communicator {
    /// Sets `output` on every rank to the ranks' inputs, one behind the other in rank order.
    ///
    /// `output.count == size · input.count`, the same on all ranks. Moves (n−1)/n · N bytes per rank.
    public func allGather<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output
    ) throws(CollectiveError) where Input.Element == Output.Element {
        let count = input.count
        try check(.allGather, output: output.count, equals: count * size, "size times as many elements as the input")
        try withMemory(input, &output) { input, output throws(CollectiveError) in
            try run(Call(.allGather, Input.Element.dataType, count: count, input: input, output: output))
        }
    }

    /// Completes `buffer` on every rank: block `rank` is this rank's contribution, the others are filled.
    ///
    /// `buffer.count` is a multiple of `size`, the same on all ranks.
    public func allGather<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory
    ) throws(CollectiveError) {
        let count = try blockCount(.allGather, of: buffer.count)
        let offset = rank * count * Memory.Element.dataType.size
        try buffer.withMutableCollectiveMemory { memory throws(CollectiveError) in
            try run(Call(
                .allGather, Memory.Element.dataType, count: count,
                input: UnsafeRawPointer(memory.map { $0 + offset }), output: memory, inPlace: true))
        }
    }

    /// Sends block j of `input` to rank j, and sets block i of `output` to what rank i sent here.
    ///
    /// `output.count == input.count`, a multiple of `size`, the same on all ranks. Moves (n−1)/n · N bytes per rank.
    public func allToAll<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output
    ) throws(CollectiveError) where Input.Element == Output.Element {
        let count = try blockCount(.allToAll, of: input.count)
        try check(.allToAll, output: output.count, equals: input.count, "as many elements as the input")
        try withMemory(input, &output) { input, output throws(CollectiveError) in
            try run(Call(.allToAll, Input.Element.dataType, count: count, input: input, output: output))
        }
    }

    /// Exchanges block j of `buffer` with rank j, for every j.
    public func allToAll<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory
    ) throws(CollectiveError) {
        let count = try blockCount(.allToAll, of: buffer.count)
        try buffer.withMutableCollectiveMemory { memory throws(CollectiveError) in
            try run(Call(
                .allToAll, Memory.Element.dataType, count: count,
                input: UnsafeRawPointer(memory), output: memory, inPlace: true))
        }
    }

    /// Sends a block of any size to every rank: `sent.counts[j]` elements from `sent.displacements[j]` of `input`
    /// to rank j; what rank i sent lands at `received.displacements[i]` of `output`.
    ///
    /// `received.counts[i]` equals what rank i says of this rank in its `sent.counts`. Moves Σ counts, unpadded.
    public func allToAllV<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, _ sent: Blocks, into output: inout Output, _ received: Blocks
    ) throws(CollectiveError) where Input.Element == Output.Element {
        try check(.allToAllV, sent, fit: input.count, "input")
        try check(.allToAllV, received, fit: output.count, "output")
        try withMemory(input, &output) { input, output throws(CollectiveError) in
            try run(Call(
                .allToAllV, Input.Element.dataType, input: input, output: output, sent: sent, received: received))
        }
    }

    /// Exchanges blocks of any size in place: `blocks.counts[j]` elements go to rank j, and as many come back
    /// into their place. Both ranks of a pair give the same count.
    public func allToAllV<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, _ blocks: Blocks
    ) throws(CollectiveError) {
        try check(.allToAllV, blocks, fit: buffer.count, "buffer")
        try buffer.withMutableCollectiveMemory { memory throws(CollectiveError) in
            try run(Call(
                .allToAllV, Memory.Element.dataType, input: UnsafeRawPointer(memory), output: memory,
                sent: blocks, received: blocks, inPlace: true))
        }
    }

    /// Sets `buffer` on every rank to what it holds on rank `root`. Moves N bytes per rank.
    public func broadcast<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, root: Int
    ) throws(CollectiveError) {
        let count = buffer.count
        try buffer.withMutableCollectiveMemory { memory throws(CollectiveError) in
            try run(Call(
                .broadcast, Memory.Element.dataType, count: count, root: root,
                input: UnsafeRawPointer(memory), output: memory))
        }
    }

    /// Sets `output` on rank `root` to the ranks' inputs in rank order; elsewhere `output` is not touched.
    ///
    /// On `root`, `output.count == size · input.count`.
    public func gather<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output, root: Int
    ) throws(CollectiveError) where Input.Element == Output.Element {
        let count = input.count
        if rank == root {
            try check(.gather, output: output.count, equals: count * size, "size times as many elements as the input")
        }
        try withMemory(input, &output) { input, output throws(CollectiveError) in
            try run(Call(.gather, Input.Element.dataType, count: count, root: root, input: input, output: output))
        }
    }

    /// Sets `output` on rank i to block i of `input` on rank `root`; elsewhere `input` is not read.
    ///
    /// On `root`, `input.count == size · output.count`.
    public func scatter<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output, root: Int
    ) throws(CollectiveError) where Input.Element == Output.Element {
        let count = output.count
        if rank == root {
            try check(.scatter, input: input.count, equals: count * size, "size times as many elements as the output")
        }
        try withMemory(input, &output) { input, output throws(CollectiveError) in
            try run(Call(.scatter, Input.Element.dataType, count: count, root: root, input: input, output: output))
        }
    }

    /// Returns when every rank has called it.
    public func barrier() throws(CollectiveError) {
        try run(Call(.barrier, .uint8))
    }
}
