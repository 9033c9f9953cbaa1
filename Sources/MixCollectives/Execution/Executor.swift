internal import CMixSystem
internal import MixSchedule

/// Runs one rank's schedule: one loop in the caller's thread that advances whichever stream can advance.
///
/// Steps on mapped memory read and write it in place; messages go through the channel to the peer. `signal` and
/// `await` count within one operation; the header that every operation begins with is the first signal of each rank
/// whose schedule begins with one.
struct Executor<Work: StepWork>: ~Copyable {
    private let communicator: Communicator
    /// The ranks that share memory with this one: all of them, or those of its node.
    private let local: Communicator
    private let network: Network?
    private let signature: UInt64
    private let schedule: CompiledSchedule
    private let work: Work
    private let operation: Operation
    private let root: Int
    private let trace: StepTrace?
    private var streams: InlineArray<16, Progress>
    private var signals: UInt64 = 1

    private typealias Progress = StreamProgress
    private typealias Message = StreamProgress.Message

    private typealias Instruction = UnsafePointer<CompiledSchedule.Instruction>

    init(
        _ communicator: Communicator, _ schedule: CompiledSchedule, _ operation: Operation, _ work: Work,
        root: Int = 0, signature: UInt64 = 0
    ) {
        precondition(schedule.streamCount <= 16, "a schedule of \(schedule.streamCount) streams; this executor runs 16")
        self.communicator = communicator
        network = communicator.network
        local = communicator.network?.local ?? communicator
        self.signature = signature
        self.schedule = schedule
        self.operation = operation
        self.root = root
        self.work = work
        trace = communicator.trace
        streams = .init(repeating: Progress())
    }

    mutating func run() throws(CollectiveError) {
        while true {
            var isBlocked = false
            var moved = false
            for stream in 0..<schedule.streamCount {
                while let step = currentStep(stream) {
                    guard isReady(step, stream) else {
                        isBlocked = true
                        break
                    }
                    try perform(step, stream)
                    moved = true
                    // Work of the processor; the wires get their turn before there is more of it.
                    if network != nil, step.pointee.kind.isWork {
                        isBlocked = true
                        break
                    }
                }
            }
            guard isBlocked else { break }
            if !moved {
                try waitForAnyStream()
            } else if let network {
                try network.advance(operation, communicator.operationNumber, onlyBusy: true)
                // Another rank may need this very processor to keep its wire busy.
                mix_yield()
            }
        }
        try network?.post(operation, communicator.operationNumber)
        // A peer that gave up may have used its memory for something else while this rank still read it.
        try communicator.throwIfFailed()
        work.finish()
        trace?.close(schedule, operation, communicator) { work.bytes($0) }
    }

    private func waitForAnyStream() throws(CollectiveError) {
        // Whichever of them dies, no stream may ever advance again.
        func isNeeded(_ rank: Int) -> Bool {
            (0..<schedule.streamCount).contains { stream in currentStep(stream).map { peer(of: $0) == rank } ?? false }
        }
        // A mate may be waiting for another node itself; so that one is named before.
        let ranks = 0..<communicator.size
        let first =
            ranks.first { isRemote($0) && isNeeded($0) }
            ?? ranks.first { $0 != communicator.rank && isNeeded($0) } ?? communicator.rank
        func anyIsReady() -> Bool {
            for stream in 0..<schedule.streamCount {
                if let step = currentStep(stream), isReady(step, stream) { return true }
            }
            return false
        }
        if let network {
            try network.wait(
                for: first, operation, communicator.operationNumber, isNeeded: isNeeded, until: anyIsReady)
        } else {
            try communicator.wait(for: first, or: isNeeded, until: anyIsReady)
        }
    }

    /// The rank's index among those that share memory with this one.
    @inline(__always)
    private func localRank(_ rank: Int) -> Int { network == nil ? rank : network!.topology.lane(of: rank) }

    private func isRemote(_ rank: Int) -> Bool { network.map { !$0.isLocal(rank) } ?? false }

    private func currentStep(_ stream: Int) -> Instruction? {
        let index = streams[stream].step
        return index < schedule.stepCount(stream) ? schedule.instruction(stream, index) : nil
    }

    private func peer(of step: Instruction) -> Int {
        switch step.pointee.kind {
        case .send, .receive, .receiveReduce, .await: step.pointee.peer
        case .copy, .reduce, .signal, .wait: communicator.rank
        }
    }

    private func isReady(_ step: Instruction, _ stream: Int) -> Bool {
        let peer = step.pointee.peer
        switch step.pointee.kind {
        case .copy, .reduce, .signal:
            return true
        case .wait:
            return streams[peer].step >= step.pointee.count
        case .await:
            // All headers were seen before the schedule began.
            if step.pointee.count <= 1, headerIsSignal(of: peer) { return true }
            let target = local.sequence << 16 | UInt64(step.pointee.count)
            return mix_load_acquire_u64(local.members[localRank(peer)].progress) >= target
        case .send:
            if work.isNothing(schedule.slice(step.pointee.slices).pointee) { return true }
            if isRemote(peer) { return isRemoteReady(peer, stream) }
            let channel = local.channel(to: localRank(peer), number: schedule.channel(stream))
            guard let message = streams[stream].message else { return channel.room >= Channel.frameBytes }
            return message.isMapped ? channel.hasConsumed(message.end) : channel.room > 0
        case .receive, .receiveReduce:
            if work.isNothing(schedule.slice(step.pointee.slices).pointee) { return true }
            if isRemote(peer) { return isRemoteReady(peer, stream) }
            let channel = local.channel(from: localRank(peer), number: schedule.channel(stream))
            return channel.available >= (streams[stream].message == nil ? Channel.frameBytes : 1)
        }
    }

    /// Whether the header that a rank published stands for the first signal of its schedule: it does where the schedule
    /// begins with that signal, and not where the rank first reads another's memory.
    private func headerIsSignal(of rank: Int) -> Bool {
        switch operation {
        case .broadcast, .scatter: rank == root
        case .reduce, .gather: rank != root
        default: true
        }
    }

    private mutating func perform(_ step: Instruction, _ stream: Int) throws(CollectiveError) {
        let slices = schedule.slice(step.pointee.slices)
        var started: Int64 = 0
        if trace != nil {
            // A message has begun when it was first tried.
            if streams[stream].started == 0 { streams[stream].started = mix_now() }
            started = streams[stream].started
        }
        switch step.pointee.kind {
        case .signal:
            let count = signals
            signals += 1
            if count > 1 || !headerIsSignal(of: communicator.rank) {
                mix_publish_u64(local.own.progress, local.sequence << 16 | count)
                local.wakeSleepers()
            }
        case .copy:
            work.copy(slices[0], to: slices[1])
        case .reduce:
            work.reduce(slices, step.pointee.sourceCount, step.pointee.destinationCount)
        case .send where !work.isNothing(slices[0]):
            guard send(slices[0], to: step.pointee.peer, stream) else { return }
        case .receive where !work.isNothing(slices[0]):
            guard try receive(into: slices[0], with: nil, from: step.pointee.peer, stream) else { return }
        case .receiveReduce:
            guard try receive(into: slices[0], with: slices + 1, from: step.pointee.peer, stream) else { return }
        case .await, .wait, .send, .receive:
            break
        }
        if let trace { trace.record(stream, streams[stream].step, started, mix_now()) }
        streams[stream] = Progress(step: streams[stream].step + 1)
    }

    // MARK: Messages

    /// Moves what can be moved; true when the step is over.
    private mutating func send(_ slice: Slice, to peer: Int, _ stream: Int) -> Bool {
        let (source, bytes) = work.message(slice)
        if isRemote(peer) { return sendFar(source, bytes, to: peer, stream) }
        let channel = local.channel(to: localRank(peer), number: schedule.channel(stream))
        var message: Message
        if let under = streams[stream].message {
            message = under
        } else {
            let location = bytes >= Channel.mappedThreshold ? local.heapOffset(source, bytes) : -1
            channel.write(Channel.Frame(bytes: bytes, location: location))
            message = Message(bytes: bytes)
            if location >= 0 {
                message.isMapped = true
                message.end = channel.producedCount
            }
        }
        defer {
            streams[stream].message = message
            local.wake(localRank(peer))
        }
        if message.isMapped { return channel.hasConsumed(message.end) }
        message.moved += channel.write(source + message.moved, bytes - message.moved)
        return message.moved == bytes
    }

    /// Moves what can be moved into `slice`, combined with `operand` if there is one; true when the step is over.
    private mutating func receive(
        into slice: Slice, with operand: UnsafePointer<Slice>?, from peer: Int, _ stream: Int
    ) throws(CollectiveError) -> Bool {
        let (destination, bytes) = work.message(slice)
        let own = operand.map { UnsafeRawPointer(work.message($0.pointee).0) }
        if isRemote(peer) { return try receiveFar(into: destination, bytes, with: own, from: peer, stream) }
        let channel = local.channel(from: localRank(peer), number: schedule.channel(stream))
        var message: Message
        if let under = streams[stream].message {
            message = under
        } else {
            let frame = channel.peek()
            guard frame.bytes == bytes else {
                throw communicator.fail(
                    CollectiveError(
                        .mismatch,
                        "rank \(peer) sent \(frame.bytes) bytes where rank \(communicator.rank) expects \(bytes)",
                        rank: peer, host: communicator.host(of: peer), operation: operation,
                        sequence: communicator.operationNumber))
            }
            message = Message(bytes: bytes)
            if frame.location >= 0 {
                work.take(
                    UnsafeRawPointer(local.members[localRank(peer)].heapBase + frame.location), 0, bytes, own,
                    destination)
                message.moved = bytes
            }
            // Only now may the sender use its memory again.
            channel.dropFrame()
        }
        if message.moved < bytes {
            let start = message.moved
            message.moved += channel.read(bytes - start) { source, offset, count in
                work.take(source, start + offset, count, own, destination)
            }
        }
        streams[stream].message = message
        local.wake(localRank(peer))
        return message.moved == bytes
    }

    // MARK: Messages between nodes

    /// Bytes of an arriving message that are worth combining before the rest is there.
    private static var combinedBytes: Int { 64 << 10 }

    /// Whether a step on a link can begin, end, or combine some more.
    private func isRemoteReady(_ peer: Int, _ stream: Int) -> Bool {
        guard let message = streams[stream].message, let ticket = message.ticket else { return true }
        if network!.isComplete(ticket, peer) { return true }
        return message.isMapped && network!.moved(ticket, peer) - message.moved >= Self.combinedBytes
    }

    private mutating func sendFar(_ source: UnsafeMutableRawPointer, _ bytes: Int, to peer: Int, _ stream: Int) -> Bool
    {
        if let ticket = streams[stream].message?.ticket { return network!.isComplete(ticket, peer) }
        var message = Message(bytes: bytes)
        message.ticket = network!.send(
            UnsafeRawPointer(source), bytes, to: peer, channel: schedule.channel(stream), signature: signature,
            atOnce: true)
        streams[stream].message = message
        return network!.isComplete(message.ticket!, peer)
    }

    /// Receives from another node; with an operand through staging, combined as it arrives.
    private mutating func receiveFar(
        into destination: UnsafeMutableRawPointer, _ bytes: Int, with own: UnsafeRawPointer?, from peer: Int,
        _ stream: Int
    ) throws(CollectiveError) -> Bool {
        let staging = own == nil ? destination : try communicator.staging(stream, bytes)
        guard var message = streams[stream].message, let ticket = message.ticket else {
            var message = Message(bytes: bytes)
            message.isMapped = own != nil
            message.ticket = network!.receive(
                staging, bytes, from: peer, channel: schedule.channel(stream), signature: signature)
            streams[stream].message = message
            return false
        }
        let isComplete = network!.isComplete(ticket, peer)
        guard let own else { return isComplete }
        // Another thread may complete it meanwhile.
        let arrived = isComplete ? bytes : Swift.min(bytes, network!.moved(ticket, peer) & ~63)
        if arrived > message.moved {
            work.take(
                UnsafeRawPointer(staging) + message.moved, message.moved, arrived - message.moved, own, destination)
            message.moved = arrived
            streams[stream].message = message
        }
        return isComplete
    }
}
