internal import CMixKernels
internal import CMixSystem
internal import MixSchedule

/// Runs one rank's schedule: one loop in the caller's thread that advances whichever stream can advance.
///
/// Steps on mapped memory read and write it in place; messages go through the channel to the peer. `signal` and
/// `await` count within one operation; the header that every operation begins with is the first signal of each rank
/// whose schedule begins with one.
struct Executor: ~Copyable {
    private let communicator: Communicator
    private let schedule: Schedule
    private let layouts: Layouts
    private let call: Call
    private let width: Int
    /// A step with every rank's contribution divides an average itself; other schedules sum, and divide at the end.
    private let reduction: Reduction
    /// Non-temporal stores, for results that would only push other data out of the caches.
    private let streaming: Bool
    private let memory: MappedMemory
    private var streams: [Progress]
    private var signals: UInt64 = 1

    /// How far a stream has come.
    private struct Progress {
        var step = 0
        var message: Message?
    }

    /// The message of the step under way, once its frame was written or read.
    private struct Message {
        var bytes: Int
        var moved = 0
        /// Where the receiver reads the bytes, when they do not travel through the channel.
        var mapped: UnsafeRawPointer?
        /// The channel's count at which the receiver is done with mapped bytes.
        var end: UInt64 = 0
    }

    init(
        _ communicator: Communicator, _ schedule: Schedule, _ layouts: Layouts, _ call: Call,
        memory: MappedMemory, streaming: Bool
    ) {
        self.communicator = communicator
        self.schedule = schedule
        self.layouts = layouts
        self.call = call
        self.memory = memory
        self.streaming = streaming
        width = call.type.size
        reduction = call.reduction == .average && schedule.reducesInParts ? .sum : call.reduction
        streams = Array(repeating: Progress(), count: schedule.streams.count)
    }

    mutating func run() throws(CollectiveError) {
        while true {
            var blockedOn: Int?
            var moved = false
            for stream in streams.indices {
                while let step = currentStep(stream) {
                    guard isReady(step, stream) else {
                        blockedOn = blockedOn ?? peer(of: step)
                        break
                    }
                    try perform(step, stream)
                    moved = true
                }
            }
            guard let blockedOn else { break }
            if !moved { try waitForAnyStream(blockedOn) }
        }
        if call.reduction == .average && reduction == .sum { divide() }
    }

    private func waitForAnyStream(_ peer: Int) throws(CollectiveError) {
        try communicator.wait(for: peer) {
            streams.indices.contains { stream in currentStep(stream).map { isReady($0, stream) } ?? false }
        }
    }

    private func currentStep(_ stream: Int) -> Step? {
        let steps = schedule.streams[stream].steps
        let index = streams[stream].step
        return index < steps.count ? steps[index] : nil
    }

    private func peer(of step: Step) -> Int {
        switch step {
        case .send(_, let peer), .receive(_, let peer), .receiveReduce(_, _, let peer), .await(let peer, _): peer
        case .copy, .reduce, .signal, .wait: communicator.rank
        }
    }

    private func isReady(_ step: Step, _ stream: Int) -> Bool {
        switch step {
        case .copy, .reduce, .signal:
            return true
        case .wait(let other, let steps):
            return streams[other].step >= steps
        case .await(let rank, let count):
            // All headers were seen before the schedule began.
            if count <= 1, headerIsSignal(of: rank) { return true }
            let base = (communicator.sequence << 16)
            return mix_load_acquire_u64(communicator.members[rank].progress) >= base | UInt64(count)
        case .send(_, let peer):
            let channel = communicator.channel(to: peer, number: schedule.streams[stream].channel)
            guard let message = streams[stream].message else { return channel.room >= Channel.frameBytes }
            return message.mapped == nil ? channel.room > 0 : channel.hasConsumed(message.end)
        case .receive(_, let peer), .receiveReduce(_, _, let peer):
            let channel = communicator.channel(from: peer, number: schedule.streams[stream].channel)
            return channel.available >= (streams[stream].message == nil ? Channel.frameBytes : 1)
        }
    }

    /// Whether the header that a rank published stands for the first signal of its schedule: it does where the schedule
    /// begins with that signal, and not where the rank first reads another's memory.
    private func headerIsSignal(of rank: Int) -> Bool {
        switch call.operation {
        case .broadcast, .scatter: rank == call.root
        case .reduce, .gather: rank != call.root
        default: true
        }
    }

    private mutating func perform(_ step: Step, _ stream: Int) throws(CollectiveError) {
        switch step {
        case .await, .wait:
            break
        case .signal:
            let count = signals
            signals += 1
            if count > 1 || !headerIsSignal(of: communicator.rank) {
                mix_publish_u64(communicator.own.progress, communicator.sequence << 16 | count)
                communicator.wakeSleepers()
            }
        case .copy(let source, let destination):
            let (from, bytes) = address(source)
            let (to, _) = address(destination)
            if bytes > 0, from != to { mix_copy(to, from, bytes, streaming ? 1 : 0) }
        case .reduce(let sources, let destinations):
            reduce(sources, destinations)
        case .send(let slice, let peer):
            guard send(slice, to: peer, stream) else { return }
        case .receive(let slice, let peer):
            guard try receive(into: slice, with: nil, from: peer, stream) else { return }
        case .receiveReduce(let slice, let operand, let peer):
            guard try receive(into: slice, with: operand, from: peer, stream) else { return }
        }
        streams[stream].step += 1
        streams[stream].message = nil
    }

    // MARK: Memory

    private func address(_ slice: Slice) -> (UnsafeMutableRawPointer, bytes: Int) {
        let range = layouts.range(of: slice)
        return (memory.base(slice.buffer, of: slice.rank) + range.lowerBound * width, range.count * width)
    }

    private func reduce(_ sources: [Slice], _ destinations: [Slice]) {
        let count = layouts.range(of: destinations[0]).count
        guard count > 0 else { return }
        for (index, slice) in sources.enumerated() { communicator.sources[index] = UnsafeRawPointer(address(slice).0) }
        for (index, slice) in destinations.enumerated() { communicator.destinations[index] = address(slice).0 }
        combine(sources.count, destinations.count, count)
    }

    private func combine(_ sourceCount: Int, _ destinationCount: Int, _ count: Int) {
        _ = mix_reduce(
            call.type.kernelType, reduction.kernelReduction, communicator.sources, sourceCount,
            communicator.destinations, destinationCount, count, UInt32(communicator.size), streaming ? 1 : 0)
    }

    /// Turns this rank's part of a sum into its part of an average.
    private func divide() {
        guard let output = call.output else { return }
        let divides = call.operation != .reduce || communicator.rank == call.root
        guard divides, call.count > 0 else { return }
        communicator.sources[0] = UnsafeRawPointer(output)
        communicator.destinations[0] = output
        _ = mix_reduce(
            call.type.kernelType, Reduction.average.kernelReduction, communicator.sources, 1,
            communicator.destinations, 1, call.count, UInt32(communicator.size), 0)
    }

    // MARK: Messages

    /// Moves what can be moved; true when the step is over.
    private mutating func send(_ slice: Slice, to peer: Int, _ stream: Int) -> Bool {
        let channel = communicator.channel(to: peer, number: schedule.streams[stream].channel)
        let (source, bytes) = address(slice)
        var message: Message
        if let under = streams[stream].message {
            message = under
        } else {
            let location = bytes >= Channel.mappedThreshold ? communicator.heapOffset(source, bytes) : -1
            channel.write(Channel.Frame(bytes: bytes, location: location))
            message = Message(bytes: bytes)
            if location >= 0 {
                message.mapped = UnsafeRawPointer(source)
                message.end = channel.producedCount
            }
        }
        defer {
            streams[stream].message = message
            communicator.wake(peer)
        }
        if message.mapped != nil { return channel.hasConsumed(message.end) }
        message.moved += channel.write(source + message.moved, bytes - message.moved)
        return message.moved == bytes
    }

    /// Moves what can be moved into `slice`, combined with `operand` if there is one; true when the step is over.
    private mutating func receive(
        into slice: Slice, with operand: Slice?, from peer: Int, _ stream: Int
    ) throws(CollectiveError) -> Bool {
        let channel = communicator.channel(from: peer, number: schedule.streams[stream].channel)
        let (destination, bytes) = address(slice)
        let own = operand.map { UnsafeRawPointer(address($0).0) }
        var message: Message
        if let under = streams[stream].message {
            message = under
        } else {
            let frame = channel.peek()
            guard frame.bytes == bytes else {
                throw communicator.fail(
                    CollectiveError(
                        .mismatch, "rank \(peer) sent \(frame.bytes) bytes where rank \(communicator.rank) expects \(bytes)",
                        rank: peer, host: communicator.host(of: peer), operation: call.operation,
                        sequence: communicator.operationNumber))
            }
            message = Message(bytes: bytes)
            if frame.location >= 0 {
                take(UnsafeRawPointer(communicator.members[peer].heapBase + frame.location), 0, bytes, own, destination)
                message.moved = bytes
            }
            // Only now may the sender use its memory again.
            channel.dropFrame()
        }
        if message.moved < bytes {
            let start = message.moved
            message.moved += channel.read(bytes - start) { source, offset, count in
                take(source, start + offset, count, own, destination)
            }
        }
        streams[stream].message = message
        communicator.wake(peer)
        return message.moved == bytes
    }

    /// destination = own ∘ arrived, or just what arrived, for one run of bytes.
    private func take(
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
}
