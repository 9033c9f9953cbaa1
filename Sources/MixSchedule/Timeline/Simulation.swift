/// Plays schedules in the order of time, with resources that serve one step after the other.
///
/// Schedules may be those of a group of ranks that stands for all groups: ranks are then taken modulo the size of the group,
/// and a message is known by the lane that sends it and the distance it goes, which is the same for all groups.
struct Simulation {
    private struct Channel: Hashable {
        let sender: Int
        let distance: Int
        let number: Int
    }

    private enum Event {
        /// The step of a stream is complete.
        case end
        /// What a stream receives has come.
        case arrival
    }

    private let groupSize: Int
    private let rankCount: Int
    private let layouts: [Layouts]
    private let streams: [Stream]
    private let rank: [Int]
    private let firstStream: [Int]

    private var completed: [Int]
    private var signals: [Int]
    private var intervals: [[Timeline.Interval]]
    /// When the step under way began to move something.
    private var started: [Double]
    private var busyUntil: [Timeline.Resource: Double] = [:]
    private var events = EventQueue<(stream: Int, event: Event)>()
    private var senders: [Channel: Int] = [:]
    private var receivers: [Channel: Int] = [:]
    /// The streams parked until another stream gets on, and until a rank signals.
    private var waiting: [[Int]]
    private var awaiting: [[Int]]

    init(_ schedules: [Schedule], rankCount: Int, layouts: [Layouts]) {
        groupSize = schedules.count
        self.rankCount = rankCount
        self.layouts = layouts
        streams = schedules.flatMap(\.streams)
        rank = schedules.flatMap { schedule in schedule.streams.map { _ in schedule.rank } }
        var first = 0
        firstStream = schedules.map { schedule in
            defer { first += schedule.streams.count }
            return first
        }
        completed = Array(repeating: 0, count: streams.count)
        signals = Array(repeating: 0, count: schedules.count)
        intervals = Array(repeating: [], count: streams.count)
        started = Array(repeating: 0, count: streams.count)
        waiting = intervals.map { _ in [] }
        awaiting = signals.map { _ in [] }
    }

    var rows: [Timeline.Row] {
        streams.indices.map { Timeline.Row(rank: rank[$0], stream: streams[$0].name, intervals: intervals[$0]) }
    }

    func checkEnd() throws(VerificationError) {
        let stuck = streams.indices.filter { completed[$0] < streams[$0].steps.count }
        guard stuck.isEmpty else { throw VerificationError(.blocked(stuck.map(place)), at: place(of: stuck[0])) }
    }

    mutating func run(_ demand: (Timeline.Work) -> Timeline.Demand) {
        for stream in streams.indices { advance(stream, at: 0, demand) }
        while let (time, (stream, event)) = events.popFirst() {
            switch event {
            case .arrival: events.insert((stream, .end), at: occupy(demand(work(stream)), from: time).end)
            case .end: complete(stream, at: time, demand)
            }
        }
    }

    private func place(of stream: Int) -> StepPlace {
        StepPlace(rank: rank[stream], stream: stream - firstStream[rank[stream]], step: completed[stream])
    }

    private func work(_ stream: Int) -> Timeline.Work {
        let step = streams[stream].steps[completed[stream]]
        let elements = step.slices.first.map { layouts[$0.rank % groupSize].range(of: $0).count } ?? 0
        return Timeline.Work(place: place(of: stream), step: step, elements: elements)
    }

    /// Takes the resources as soon as they are free.
    private mutating func occupy(_ demand: Timeline.Demand, from time: Double) -> (start: Double, end: Double) {
        var start = time
        let resources = demand.resources.map { Timeline.Resource(rank: $0.rank % groupSize, kind: $0.kind) }
        for resource in resources { start = max(start, busyUntil[resource, default: 0]) }
        for resource in resources { busyUntil[resource] = start + demand.occupation }
        return (start, start + demand.occupation + demand.latency)
    }

    private mutating func complete(
        _ stream: Int, at time: Double, _ demand: (Timeline.Work) -> Timeline.Demand
    ) {
        let step = streams[stream].steps[completed[stream]]
        intervals[stream].append(
            Timeline.Interval(
                place: place(of: stream), step: step, ready: intervals[stream].last?.end ?? 0, start: started[stream],
                end: time))
        completed[stream] += 1
        var woken = waiting[stream]
        waiting[stream].removeAll()
        if case .signal = step {
            signals[rank[stream]] += 1
            woken += awaiting[rank[stream]]
            awaiting[rank[stream]].removeAll()
        }
        advance(stream, at: time, demand)
        for stream in woken { advance(stream, at: time, demand) }
    }

    /// Begins the next step of a stream if it can begin; else parks the stream where it will be found when it can.
    private mutating func advance(
        _ stream: Int, at time: Double, _ demand: (Timeline.Work) -> Timeline.Demand
    ) {
        guard completed[stream] < streams[stream].steps.count else { return }
        let rank = rank[stream]
        switch streams[stream].steps[completed[stream]] {
        case .wait(let other, let steps):
            let other = firstStream[rank] + other
            guard completed[other] >= steps else { return waiting[other].append(stream) }
        case .await(let peer, let count):
            guard signals[peer % groupSize] >= count else { return awaiting[peer % groupSize].append(stream) }
        case .send(_, let peer):
            let channel = channel(from: rank, to: peer, streams[stream].channel)
            guard let receiver = receivers.removeValue(forKey: channel) else { return senders[channel] = stream }
            return send(stream, to: receiver, at: time, demand)
        case .receive(_, let peer), .receiveReduce(_, _, let peer):
            let channel = channel(from: peer, to: rank, streams[stream].channel)
            guard let sender = senders.removeValue(forKey: channel) else { return receivers[channel] = stream }
            return send(sender, to: stream, at: time, demand)
        case .copy, .reduce, .signal: break
        }
        let (start, end) = occupy(demand(work(stream)), from: time)
        started[stream] = start
        events.insert((stream, .end), at: end)
    }

    private mutating func send(
        _ sender: Int, to receiver: Int, at time: Double, _ demand: (Timeline.Work) -> Timeline.Demand
    ) {
        let (start, arrival) = occupy(demand(work(sender)), from: time)
        started[sender] = start
        started[receiver] = start
        events.insert((sender, .end), at: arrival)
        events.insert((receiver, .arrival), at: arrival)
    }

    private func channel(from sender: Int, to receiver: Int, _ number: Int) -> Channel {
        Channel(
            sender: sender % groupSize, distance: (receiver - sender + rankCount) % rankCount, number: number)
    }
}

/// Events in the order of time, those of the same time in the order in which they were inserted: a binary heap.
private struct EventQueue<Event> {
    private var heap: [(time: Double, number: Int, event: Event)] = []
    private var inserted = 0

    mutating func insert(_ event: Event, at time: Double) {
        heap.append((time, inserted, event))
        inserted += 1
        var index = heap.count - 1
        while index > 0, isBefore(index, (index - 1) / 2) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func popFirst() -> (time: Double, event: Event)? {
        guard !heap.isEmpty else { return nil }
        heap.swapAt(0, heap.count - 1)
        let first = heap.removeLast()
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && isBefore(child, least) {
                least = child
            }
            if least == index { return (first.time, first.event) }
            heap.swapAt(index, least)
            index = least
        }
    }

    private func isBefore(_ one: Int, _ two: Int) -> Bool {
        (heap[one].time, heap[one].number) < (heap[two].time, heap[two].number)
    }
}
