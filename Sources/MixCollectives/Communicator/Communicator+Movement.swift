public import MixSchedule

// Operations that move what the ranks hold. N is the larger buffer's size in bytes, n the number of ranks.

extension Communicator {
    /// Sets `output` on every rank to the ranks' inputs, one behind the other in rank order.
    ///
    /// `output.count == size · input.count`, the same on all ranks. Moves (n−1)/n · N bytes per rank.
    @inlinable
    public func allGather<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output
    ) throws(CollectiveError) where Input.Element == Output.Element {
        try run(allGatherCall(input, &output))
    }

    /// Completes `buffer` on every rank: block `rank` is this rank's contribution, the others are filled.
    ///
    /// `buffer.count` is a multiple of `size`, the same on all ranks. Moves (n−1)/n · N bytes per rank.
    @inlinable public func allGather<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory
    ) throws(CollectiveError) {
        try run(allGatherCall(&buffer))
    }

    /// Sends block j of `input` to rank j, and sets block i of `output` to what rank i sent here.
    ///
    /// `output.count == input.count`, a multiple of `size`, the same on all ranks. Moves (n−1)/n · N bytes per rank.
    @inlinable
    public func allToAll<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output
    ) throws(CollectiveError) where Input.Element == Output.Element {
        try run(allToAllCall(input, &output))
    }

    /// Exchanges block j of `buffer` with rank j, for every j.
    ///
    /// `buffer.count` is a multiple of `size`, the same on all ranks. Moves (n−1)/n · N bytes per rank.
    @inlinable public func allToAll<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory
    ) throws(CollectiveError) {
        try run(allToAllCall(&buffer))
    }

    /// Sends a block of any size to every rank: `sent.counts[j]` elements at `sent.displacements[j]` of `input` go to
    /// rank j, and what rank i sent lands at `received.displacements[i]` of `output`.
    ///
    /// `received.counts[i]` equals what rank i says of this rank in its `sent.counts`. Moves the counts, unpadded.
    @inlinable
    public func allToAllV<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, _ sent: Blocks, into output: inout Output, _ received: Blocks
    ) throws(CollectiveError) where Input.Element == Output.Element {
        try run(allToAllVCall(input, sent, &output, received))
    }

    /// Exchanges blocks of any size in place: `blocks.counts[j]` elements go to rank j, and as many come back into
    /// their place. Both ranks of a pair give the same count.
    @inlinable public func allToAllV<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, _ blocks: Blocks
    ) throws(CollectiveError) {
        try run(allToAllVCall(&buffer, blocks))
    }

    /// Sets `buffer` on every rank to what it holds on rank `root`. Every other rank reads N bytes.
    @inlinable public func broadcast<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, root: Int
    ) throws(CollectiveError) {
        try run(broadcastCall(&buffer, root: root))
    }

    /// Sets `output` on rank `root` to the ranks' inputs in rank order; elsewhere `output` is not touched.
    ///
    /// On `root`, `output.count == size · input.count`.
    @inlinable
    public func gather<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output, root: Int
    ) throws(CollectiveError) where Input.Element == Output.Element {
        try run(gatherCall(input, &output, root: root))
    }

    /// Sets `output` on rank i to block i of `input` on rank `root`; elsewhere `input` is not read.
    ///
    /// On `root`, `input.count == size · output.count`.
    @inlinable
    public func scatter<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output, root: Int
    ) throws(CollectiveError) where Input.Element == Output.Element {
        try run(scatterCall(input, &output, root: root))
    }

    /// Returns when every rank has called it.
    @inlinable public func barrier() throws(CollectiveError) {
        try run(Call(.barrier, .uint8))
    }
}
