internal import MixSchedule

// Operations that combine what the ranks hold. N is a buffer's size in bytes, n the number of ranks.

extension Communicator {
    /// Replaces `buffer` on every rank with the reduction of all ranks' buffers, element by element.
    ///
    /// All ranks give the same count, type and reduction. Moves 2(n−1)/n · N bytes per rank at the least.
    @inlinable public func allReduce<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, _ reduction: Reduction = .sum
    ) throws(CollectiveError) {
        try run(allReduceCall(&buffer, reduction))
    }

    /// Sets `output` on every rank to the reduction of all ranks' `input`, element by element.
    ///
    /// `output.count == input.count`, the same on all ranks. Moves 2(n−1)/n · N bytes per rank at the least.
    @inlinable
    public func allReduce<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output, _ reduction: Reduction = .sum
    ) throws(CollectiveError) where Input.Element == Output.Element {
        try run(allReduceCall(input, &output, reduction))
    }

    /// Reduces all ranks' `input` and leaves block `rank` of the result in `output`.
    ///
    /// `input.count == size · output.count`, the same on all ranks. Moves (n−1)/n · N bytes per rank.
    @inlinable
    public func reduceScatter<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output, _ reduction: Reduction = .sum
    ) throws(CollectiveError) where Input.Element == Output.Element {
        try run(reduceScatterCall(input, &output, reduction))
    }

    /// Reduces all ranks' `buffer` and leaves block `rank` of the result in that block of it; what the other blocks hold
    /// afterwards is not defined.
    ///
    /// `buffer.count` is a multiple of `size`, the same on all ranks. Moves (n−1)/n · N bytes per rank.
    @inlinable public func reduceScatter<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, _ reduction: Reduction = .sum
    ) throws(CollectiveError) {
        try run(reduceScatterCall(&buffer, reduction))
    }

    /// Sets `output` on rank `root` to the reduction of all ranks' `input`; elsewhere `output` is not touched.
    ///
    /// The root reads (n−1) · N bytes.
    @inlinable
    public func reduce<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output, _ reduction: Reduction = .sum, root: Int
    ) throws(CollectiveError) where Input.Element == Output.Element {
        try run(reduceCall(input, &output, reduction, root: root))
    }

    /// Replaces `buffer` on rank `root` with the reduction of all ranks' buffers.
    @inlinable public func reduce<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, _ reduction: Reduction = .sum, root: Int
    ) throws(CollectiveError) {
        try run(reduceCall(&buffer, reduction, root: root))
    }
}
