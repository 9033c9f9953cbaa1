extension Communicator {
    /// Sends `input` to `destination`, which calls `receive(_:from:tag:)` with the same `tag`.
    ///
    /// Messages between two ranks with equal tags arrive in the order sent. Returns when `input` may be changed:
    /// at once for a small message, for which a channel has room, else when the receiver has taken it: inside a node that is so
    /// from 4 KiB of memory that the node shares, or 64 KiB of other memory. Two ranks that first send to each other and
    /// then receive may wait for each other.
    public func send<Input: CollectiveMemory & ~Copyable & ~Escapable>(
        _ input: borrowing Input, to destination: Int, tag: UInt32 = 0
    ) throws(CollectiveError) {
        let count = input.count
        try input.withCollectiveMemory { memory throws(CollectiveError) in
            try sendMessage(memory, count, Input.Element.dataType, to: destination, tag: tag)
        }
    }

    /// Receives a message that `source` sent with the same `tag`, and returns its number of elements.
    ///
    /// The message has the same type and at most `output.count` elements.
    @discardableResult
    public func receive<Output: MutableCollectiveMemory & ~Copyable & ~Escapable>(
        _ output: inout Output, from source: Int, tag: UInt32 = 0
    ) throws(CollectiveError) -> Int {
        let count = output.count
        return try output.withMutableCollectiveMemory { memory throws(CollectiveError) in
            try receiveMessage(memory, count, Output.Element.dataType, from: source, tag: tag)
        }
    }
}
