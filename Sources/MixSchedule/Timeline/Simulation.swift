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
        case end(stream: Int)
        /// A message begins to come in at its other end.
        case transfer(Channel, Timeline.Demand)
        /// A message has come, that began to move then.
        case arrival(Channel, start: Double)
        /// A signal of a rank is seen.
        case signal(rank: Int)
    }

    private let groupSize: Int
    private let rankCount: Int
    private let layouts: [Layouts]
    /// Whether a send begins only when its receive has begun.
    private let meets: Bool
    private let streams: [Stream]
    private let rank: [Int]
    private let firstStream: [Int]

    private var completed: [Int]
    private var signals: [Int]
    private var intervals: [[Timeline.Interval]]
    /// When the step under way began to move something.
    private var started: [Double]
    private var busyUntil: [Timeline.Resource: Double] = [:]
    private var events = EventQueue<Event>()
    /// The streams parked until their messages can begin, and until they come.
    private var senders: [Channel: Int] = [:]
    private var receivers: [Channel: Int] = [:]
    /// When the messages that nobody has taken yet began.
    private var arrivals: [Channel: [Double]] = [:]
    /// The streams parked until another stream gets on, and until a rank signals.
    private var waiting: [[Int]]
    private var awaiting: [[Int]]

    init(_ schedules: [Schedule], rankCount: Int, layouts: [Layouts], meets: Bool) {
        groupSize = schedules.count
        self.rankCount = rankCount
        self.layouts = layouts
        self.meets = meets
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
        while let (time, event) = events.popFirst() {
            switch event {
            case .end(let stream): complete(stream, at: time, demand)
            case .transfer(let channel, let demand):
                let end = occupy(demand.destination, for: demand.occupation, from: time).end
                events.insert(.arrival(channel, start: time), at: end + demand.latency)
            case .arrival(let channel, let start):
                if let receiver = receivers.removeValue(forKey: channel) {
                    receive(receiver, sent: start, at: time, demand)
                } else {
                    arrivals[channel, default: []].append(start)
                }
            case .signal(let rank):
                signals[rank] += 1
                let woken = awaiting[rank]
                awaiting[rank].removeAll()
                for stream in woken { advance(stream, at: time, demand) }
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

    /// Takes resources as soon as they are free.
    private mutating func occupy(
        _ resources: [Timeline.Resource], for occupation: Double, from time: Double
    ) -> (start: Double, end: Double) {
        var start = time
        let resources = resources.map { Timeline.Resource(rank: $0.rank % groupSize, kind: $0.kind) }
        for resource in resources { start = max(start, busyUntil[resource, default: 0]) }
        for resource in resources { busyUntil[resource] = start + occupation }
        return (start, start + occupation)
    }

    private mutating func occupy(_ demand: Timeline.Demand, from time: Double) -> (start: Double, end: Double) {
        occupy(demand.resources, for: demand.occupation, from: time)
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
        let woken = waiting[stream]
        waiting[stream].removeAll()
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
            guard !meets || receivers[channel] != nil else { return senders[channel] = stream }
            return send(stream, on: channel, at: time, demand)
        case .receive(_, let peer), .receiveReduce(_, _, let peer):
            let channel = channel(from: peer, to: rank, streams[stream].channel)
            if arrivals[channel]?.isEmpty == false {
                return receive(stream, sent: arrivals[channel]!.removeFirst(), at: time, demand)
            }
            receivers[channel] = stream
            if let sender = senders.removeValue(forKey: channel) { send(sender, on: channel, at: time, demand) }
            return
        case .copy, .reduce, .signal: break
        }
        let work = work(stream)
        let demanded = demand(work)
        let (start, end) = occupy(demanded, from: time)
        started[stream] = start
        if case .signal = work.step {
            events.insert(.signal(rank: rank), at: end + demanded.latency)
            events.insert(.end(stream: stream), at: end)
        } else {
            events.insert(.end(stream: stream), at: end + demanded.latency)
        }
    }

    private mutating func send(
        _ sender: Int, on channel: Channel, at time: Double, _ demand: (Timeline.Work) -> Timeline.Demand
    ) {
        let demanded = demand(work(sender))
        let (start, end) = occupy(demanded, from: time)
        started[sender] = start
        // The message comes before its sender goes on: the next one on this channel meets the next receive.
        if demanded.destination.isEmpty {
            events.insert(.arrival(channel, start: start), at: end + demanded.latency)
        } else {
            events.insert(.transfer(channel, demanded), at: start)
        }
        events.insert(.end(stream: sender), at: end)
    }

    private mutating func receive(
        _ receiver: Int, sent start: Double, at time: Double, _ demand: (Timeline.Work) -> Timeline.Demand
    ) {
        started[receiver] = max(start, intervals[receiver].last?.end ?? 0)
        let demanded = demand(work(receiver))
        events.insert(.end(stream: receiver), at: occupy(demanded, from: time).end + demanded.latency)
    }

    private func channel(from sender: Int, to receiver: Int, _ number: Int) -> Channel {
        Channel(
            sender: sender % groupSize, distance: (receiver - sender + rankCount) % rankCount, number: number)
    }
}
