internal import MixSchedule

// The same operations for asynchronous code: the caller suspends, and a thread of the communicator's own waits.
// The buffers are lent until the operation resumes.

extension Communicator {
    /// ``allReduce(_:_:)``, suspending instead of blocking.
    public func allReduce<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, _ reduction: Reduction = .sum
    ) async throws(CollectiveError) {
        try await runAsynchronously(allReduceCall(&buffer, reduction))
    }

    /// ``allReduce(_:into:_:)``, suspending instead of blocking.
    public func allReduce<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output, _ reduction: Reduction = .sum
    ) async throws(CollectiveError) where Input.Element == Output.Element {
        try await runAsynchronously(allReduceCall(input, &output, reduction))
    }

    /// ``reduceScatter(_:into:_:)``, suspending instead of blocking.
    public func reduceScatter<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output, _ reduction: Reduction = .sum
    ) async throws(CollectiveError) where Input.Element == Output.Element {
        try await runAsynchronously(reduceScatterCall(input, &output, reduction))
    }

    /// ``reduceScatter(_:_:)``, suspending instead of blocking.
    public func reduceScatter<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, _ reduction: Reduction = .sum
    ) async throws(CollectiveError) {
        try await runAsynchronously(reduceScatterCall(&buffer, reduction))
    }

    /// ``reduce(_:into:_:root:)``, suspending instead of blocking.
    public func reduce<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output, _ reduction: Reduction = .sum, root: Int
    ) async throws(CollectiveError) where Input.Element == Output.Element {
        try await runAsynchronously(reduceCall(input, &output, reduction, root: root))
    }

    /// ``reduce(_:_:root:)``, suspending instead of blocking.
    public func reduce<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, _ reduction: Reduction = .sum, root: Int
    ) async throws(CollectiveError) {
        try await runAsynchronously(reduceCall(&buffer, reduction, root: root))
    }

    /// ``allGather(_:into:)``, suspending instead of blocking.
    public func allGather<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output
    ) async throws(CollectiveError) where Input.Element == Output.Element {
        try await runAsynchronously(allGatherCall(input, &output))
    }

    /// ``allGather(_:)``, suspending instead of blocking.
    public func allGather<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory
    ) async throws(CollectiveError) {
        try await runAsynchronously(allGatherCall(&buffer))
    }

    /// ``allToAll(_:into:)``, suspending instead of blocking.
    public func allToAll<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output
    ) async throws(CollectiveError) where Input.Element == Output.Element {
        try await runAsynchronously(allToAllCall(input, &output))
    }

    /// ``allToAll(_:)``, suspending instead of blocking.
    public func allToAll<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory
    ) async throws(CollectiveError) {
        try await runAsynchronously(allToAllCall(&buffer))
    }

    /// ``allToAllV(_:_:into:_:)``, suspending instead of blocking.
    public func allToAllV<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, _ sent: Blocks, into output: inout Output, _ received: Blocks
    ) async throws(CollectiveError) where Input.Element == Output.Element {
        try await runAsynchronously(allToAllVCall(input, sent, &output, received))
    }

    /// ``allToAllV(_:_:)``, suspending instead of blocking.
    public func allToAllV<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, _ blocks: Blocks
    ) async throws(CollectiveError) {
        try await runAsynchronously(allToAllVCall(&buffer, blocks))
    }

    /// ``broadcast(_:root:)``, suspending instead of blocking.
    public func broadcast<Memory: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ buffer: inout Memory, root: Int
    ) async throws(CollectiveError) {
        try await runAsynchronously(broadcastCall(&buffer, root: root))
    }

    /// ``gather(_:into:root:)``, suspending instead of blocking.
    public func gather<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output, root: Int
    ) async throws(CollectiveError) where Input.Element == Output.Element {
        try await runAsynchronously(gatherCall(input, &output, root: root))
    }

    /// ``scatter(_:into:root:)``, suspending instead of blocking.
    public func scatter<
        Input: CollectiveMemory & ~Copyable & ~Escapable,
        Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ input: borrowing Input, into output: inout Output, root: Int
    ) async throws(CollectiveError) where Input.Element == Output.Element {
        try await runAsynchronously(scatterCall(input, &output, root: root))
    }

    /// ``barrier()``, suspending instead of blocking.
    public func barrier() async throws(CollectiveError) {
        try await runAsynchronously(Call(.barrier, .uint8))
    }

    /// ``send(_:to:tag:)``, suspending instead of blocking.
    public func send<Input: CollectiveMemory & ~Copyable & ~Escapable>(
        _ input: borrowing Input, to destination: Int, tag: UInt32 = 0
    ) async throws(CollectiveError) {
        let memory = Lent(UnsafeMutableRawPointer(mutating: address(input)), input.count)
        try await onWorker { () throws(CollectiveError) in
            try self.sendMessage(
                UnsafeRawPointer(memory.address), memory.count, Input.Element.dataType, to: destination, tag: tag)
        }
    }

    /// ``receive(_:from:tag:)``, suspending instead of blocking.
    @discardableResult
    public func receive<Output: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ output: inout Output, from source: Int, tag: UInt32 = 0
    ) async throws(CollectiveError) -> Int {
        let memory = Lent(address(&output), output.count)
        return try await onWorker { () throws(CollectiveError) in
            try self.receiveMessage(memory.address, memory.count, Output.Element.dataType, from: source, tag: tag)
        }
    }

    private func runAsynchronously(_ call: Call) async throws(CollectiveError) {
        try await onWorker { () throws(CollectiveError) in try self.run(call) }
    }

    private func onWorker<Value: Sendable>(
        _ body: @escaping @Sendable () throws(CollectiveError) -> Value
    ) async throws(CollectiveError) -> Value {
        let result: Result<Value, CollectiveError> = await withCheckedContinuation { continuation in
            worker.run { continuation.resume(returning: Result(catching: body)) }
        }
        return try result.get()
    }
}

/// Memory that a suspended caller has lent to the worker.
private struct Lent: @unchecked Sendable {
    let address: UnsafeMutableRawPointer?
    let count: Int

    init(_ address: UnsafeMutableRawPointer?, _ count: Int) {
        self.address = address
        self.count = count
    }
}
