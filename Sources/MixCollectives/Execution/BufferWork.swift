internal import CMixKernels
internal import MixSchedule

/// Slices as runs of elements of the caller's buffers and of scratch memory: what every collective of one type works on.
struct BufferWork: StepWork {
    private let communicator: Communicator
    private let layouts: Layouts
    private let call: Call
    private let memory: MappedMemory
    private let width: Int
    /// A step with every rank's contribution divides an average itself; other schedules sum, and divide at the end.
    private let reduction: Reduction
    /// Non-temporal stores, for results that would only push other data out of the caches.
    private let streaming: Bool

    init(
        _ communicator: Communicator, _ schedule: CompiledSchedule, _ layouts: Layouts, _ call: Call,
        memory: MappedMemory, streaming: Bool
    ) {
        self.communicator = communicator
        self.layouts = layouts
        self.call = call
        self.memory = memory
        self.streaming = streaming
        width = call.type.size
        reduction = call.reduction == .average && schedule.reducesInParts ? .sum : call.reduction
    }

    @inline(__always)
    func message(_ slice: Slice) -> (UnsafeMutableRawPointer, bytes: Int) {
        let range = layouts.range(of: slice)
        return (memory.base(slice.buffer, of: slice.rank) + range.lowerBound * width, range.count * width)
    }

    func copy(_ source: Slice, to destination: Slice) {
        let (from, bytes) = message(source)
        let (to, _) = message(destination)
        if bytes > 0, from != to { mix_copy(to, from, bytes, streaming ? 1 : 0) }
    }

    func reduce(_ slices: UnsafePointer<Slice>, _ sourceCount: Int, _ destinationCount: Int) {
        let count = layouts.range(of: slices[sourceCount]).count
        guard count > 0 else { return }
        for index in 0..<sourceCount { communicator.sources[index] = UnsafeRawPointer(message(slices[index]).0) }
        for index in 0..<destinationCount { communicator.destinations[index] = message(slices[sourceCount + index]).0 }
        combine(sourceCount, destinationCount, count)
    }

    func take(
        _ arrived: UnsafeRawPointer, _ offset: Int, _ count: Int, _ own: UnsafeRawPointer?,
        _ destination: UnsafeMutableRawPointer
    ) {
        guard let own else {
            mix_copy(destination + offset, arrived, count, 0)
            return
        }
        communicator.sources[0] = own + offset
        communicator.sources[1] = arrived
        communicator.destinations[0] = destination + offset
        combine(2, 1, count / width)
    }

    /// Turns this rank's part of a sum into its part of an average.
    func finish() {
        guard call.reduction == .average && reduction == .sum, let output = call.output else { return }
        let divides = call.operation != .reduce || communicator.rank == call.root
        guard divides, call.count > 0 else { return }
        communicator.sources[0] = UnsafeRawPointer(output)
        communicator.destinations[0] = output
        _ = mix_reduce(
            call.type.kernelType, Reduction.average.kernelReduction, communicator.sources, 1,
            communicator.destinations, 1, call.count, UInt32(communicator.size), 0)
    }

    private func combine(_ sourceCount: Int, _ destinationCount: Int, _ count: Int) {
        _ = mix_reduce(
            call.type.kernelType, reduction.kernelReduction, communicator.sources, sourceCount,
            communicator.destinations, destinationCount, count, UInt32(communicator.size), streaming ? 1 : 0)
    }
}
