internal import MixSchedule

/// What the steps of a schedule do to memory: the executor knows when, and with whom, but not what a slice stands for.
protocol StepWork {
    /// The memory of a slice of this rank's own that is sent or received; contiguous.
    func message(_ slice: Slice) -> (UnsafeMutableRawPointer, bytes: Int)

    /// The bytes of a slice, for whoever records what steps did.
    func bytes(_ slice: Slice) -> Int

    /// Whether a slice is empty in a way that both ends know of, so that no message is sent for it.
    func isNothing(_ slice: Slice) -> Bool

    /// Copies one slice to another.
    func copy(_ source: Slice, to destination: Slice)

    /// Combines `sourceCount` slices, in order, and writes the result to the `destinationCount` slices behind them.
    func reduce(_ slices: UnsafePointer<Slice>, _ sourceCount: Int, _ destinationCount: Int)

    /// destination = own ∘ arrived, or just what arrived, for a run of bytes that came in a message.
    func take(
        _ arrived: UnsafeRawPointer, _ offset: Int, _ count: Int, _ own: UnsafeRawPointer?,
        _ destination: UnsafeMutableRawPointer)

    /// What is left to do when all steps are over.
    func finish()
}

extension StepWork {
    func bytes(_ slice: Slice) -> Int { message(slice).bytes }

    func isNothing(_ slice: Slice) -> Bool { false }

    func take(
        _ arrived: UnsafeRawPointer, _ offset: Int, _ count: Int, _ own: UnsafeRawPointer?,
        _ destination: UnsafeMutableRawPointer
    ) {
        precondition(own == nil, "messages of rows are not combined as they come")
        (destination + offset).copyMemory(from: arrived, byteCount: count)
    }

    func finish() {}
}
