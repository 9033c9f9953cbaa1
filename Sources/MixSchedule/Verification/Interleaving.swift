/// Runs the schedules of all ranks against each other, one event at a time, in one of the possible orders.
///
/// A send and its receive are one event: they wait for each other. That is the strictest reading of ``Step``; whatever
/// completes under it completes with buffered sends too. Which send meets which receive, and which step waits for which, is
/// fixed by the schedules and not by timing: streams have no choice. So if one order of events comes to its end, all do,
/// and if one is stuck, all are stuck at the same steps.
struct Interleaving {
    enum Event {
        /// A stream completes a step of its own.
        case step(stream: Int)
        /// Two streams complete a send and its receive.
        case message(sender: Int, receiver: Int)
    }

    private struct Channel: Hashable {
        let sender: Int
        let receiver: Int
        let number: Int
    }

    /// All streams of all ranks, numbered through.
    let streams: [Stream]
    /// The rank of each stream.
    let rank: [Int]
    /// The number of the first stream of each rank.
    let firstStream: [Int]
    /// How many steps each stream has completed.
    private(set) var completed: [Int]
    /// How many signals each rank has given.
    private(set) var signals: [Int]

    private var runnable: [Int]
    private var senders: [Channel: Int] = [:]
    private var receivers: [Channel: Int] = [:]
    /// The streams parked until another stream gets on, and until a rank signals.
    private var waiting: [[Int]]
    private var awaiting: [[Int]]

    init(_ schedules: [Schedule]) throws(VerificationError) {
        streams = schedules.flatMap(\.streams)
        rank = schedules.flatMap { schedule in schedule.streams.map { _ in schedule.rank } }
        var first = 0
        firstStream = schedules.map { schedule in
            defer { first += schedule.streams.count }
            return first
        }
        completed = Array(repeating: 0, count: streams.count)
        signals = Array(repeating: 0, count: schedules.count)
        runnable = Array(streams.indices.reversed())
        waiting = Array(repeating: [], count: streams.count)
        awaiting = Array(repeating: [], count: schedules.count)
        for (rank, schedule) in schedules.enumerated() {
            try Interleaving.check(schedule, rank: rank, rankCount: schedules.count)
        }
    }

    /// The place of the next step of a stream.
    func place(of stream: Int) -> StepPlace {
        place(of: stream, step: completed[stream])
    }

    func place(of stream: Int, step: Int) -> StepPlace {
        StepPlace(rank: rank[stream], stream: stream - firstStream[rank[stream]], step: step)
    }

    /// The next step of a stream.
    func step(of stream: Int) -> Step {
        streams[stream].steps[completed[stream]]
    }

    /// Runs all streams to their ends, and shows every event to `perform` before its steps count as completed.
    ///
    /// - Throws: what `perform` throws, and ``VerificationError/Fault/blocked(_:)``.
    mutating func run(
        _ perform: (Interleaving, Event) throws(VerificationError) -> Void
    ) throws(VerificationError) {
        while let stream = runnable.popLast() {
            while completed[stream] < streams[stream].steps.count,
                let event = nextEvent(of: stream)
            {
                try perform(self, event)
                complete(event, for: stream)
            }
        }
        let stuck = streams.indices.filter { completed[$0] < streams[$0].steps.count }
        guard stuck.isEmpty else {
            throw VerificationError(.blocked(stuck.map { place(of: $0) }), at: place(of: stuck[0]))
        }
    }

    /// What a stream can do now. If that is nothing, the stream is parked where it will be found when that changes.
    private mutating func nextEvent(of stream: Int) -> Event? {
        let rank = rank[stream]
        switch step(of: stream) {
        case .copy, .reduce, .signal:
            return .step(stream: stream)
        case .wait(let other, let steps):
            let other = firstStream[rank] + other
            if completed[other] >= steps { return .step(stream: stream) }
            waiting[other].append(stream)
            return nil
        case .await(let peer, let count):
            if signals[peer] >= count { return .step(stream: stream) }
            awaiting[peer].append(stream)
            return nil
        case .send(_, let peer):
            let channel = Channel(sender: rank, receiver: peer, number: streams[stream].channel)
            if let receiver = receivers.removeValue(forKey: channel) {
                return .message(sender: stream, receiver: receiver)
            }
            senders[channel] = stream
            return nil
        case .receive(_, let peer), .receiveReduce(_, _, let peer):
            let channel = Channel(sender: peer, receiver: rank, number: streams[stream].channel)
            if let sender = senders.removeValue(forKey: channel) {
                return .message(sender: sender, receiver: stream)
            }
            receivers[channel] = stream
            return nil
        }
    }

    private mutating func complete(_ event: Event, for running: Int) {
        switch event {
        case .step(let stream):
            if case .signal = step(of: stream) {
                signals[rank[stream]] += 1
                runnable += awaiting[rank[stream]]
                awaiting[rank[stream]].removeAll()
            }
            advance(stream)
        case .message(let sender, let receiver):
            advance(sender)
            advance(receiver)
            // The other of the two was parked.
            runnable.append(running == sender ? receiver : sender)
        }
    }

    private mutating func advance(_ stream: Int) {
        completed[stream] += 1
        guard !waiting[stream].isEmpty else { return }
        runnable += waiting[stream]
        waiting[stream].removeAll()
    }

    /// Checks that what the steps of a schedule name exists, and that it is clear which steps meet.
    static func check(
        _ schedule: Schedule, rank: Int, rankCount: Int
    ) throws(VerificationError) {
        guard schedule.rank == rank, schedule.rankCount == rankCount else {
            throw VerificationError(
                .malformed(
                    "schedule \(rank) of \(rankCount) is for rank \(schedule.rank) of \(schedule.rankCount)"
                ))
        }
        var directions: [Channel: Int] = [:]
        var signalling: Int?
        for (index, stream) in schedule.streams.enumerated() {
            for (number, step) in stream.steps.enumerated() {
                let place = StepPlace(rank: rank, stream: index, step: number)
                var channel: Channel?
                switch step {
                case .send(_, let peer):
                    channel = Channel(sender: rank, receiver: peer, number: stream.channel)
                case .receive(_, let peer), .receiveReduce(_, _, let peer):
                    channel = Channel(sender: peer, receiver: rank, number: stream.channel)
                case .await(let peer, let count):
                    guard (0..<rankCount).contains(peer), count >= 0 else {
                        throw VerificationError(.malformed("awaits what does not exist"), at: place)
                    }
                case .wait(let other, let steps):
                    guard schedule.streams.indices.contains(other), steps >= 0 else {
                        throw VerificationError(
                            .malformed("waits for what does not exist"), at: place)
                    }
                case .signal:
                    guard signalling ?? index == index else {
                        throw VerificationError(.ambiguousSignals, at: place)
                    }
                    signalling = index
                case .copy, .reduce: break
                }
                guard let channel else { continue }
                let peer = channel.sender == rank ? channel.receiver : channel.sender
                guard (0..<rankCount).contains(peer), peer != rank else {
                    throw VerificationError(.malformed("there is no peer \(peer)"), at: place)
                }
                guard directions[channel] ?? index == index else {
                    throw VerificationError(
                        .ambiguousChannel(peer: peer, channel: channel.number), at: place)
                }
                directions[channel] = index
            }
        }
    }
}
