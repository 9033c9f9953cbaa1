/// When each step of a collective runs, under a cost that the caller gives for every step.
///
/// Streams advance as their steps allow, as early as possible. A message begins when both its send and its receive have
/// begun, and is over for both after the cost of the send; a receive that also reduces then adds its own cost. Transfers do
/// not slow each other down: a cost that should account for shared wires has to know of them. Same schedules and costs give
/// the same times, whatever the order in which events are looked at.
public struct Timeline: Sendable, Hashable {
    /// What is asked to cost something.
    public struct Work: Sendable, Hashable {
        /// Where the step stands.
        public var place: StepPlace
        /// The step.
        public var step: Step
        /// The number of elements in each of its slices; 0 for steps without.
        public var elements: Int
    }

    /// One step in time, in seconds since all ranks entered.
    public struct Interval: Sendable, Hashable {
        /// Where the step stands.
        public var place: StepPlace
        /// The step.
        public var step: Step
        /// When the step before it in its stream was complete.
        public var ready: Double
        /// When it began to move something: later than `ready` if it had to wait.
        public var start: Double
        /// When it was complete.
        public var end: Double

        /// A step in time, in seconds.
        public init(place: StepPlace, step: Step, ready: Double, start: Double, end: Double) {
            self.place = place
            self.step = step
            self.ready = ready
            self.start = start
            self.end = end
        }
    }

    /// One stream of one rank.
    public struct Row: Sendable, Hashable {
        /// The rank.
        public var rank: Int
        /// The name of the stream.
        public var stream: String
        /// Its steps in order.
        public var intervals: [Interval]

        /// A stream in time.
        public init(rank: Int, stream: String, intervals: [Interval]) {
            self.rank = rank
            self.stream = stream
            self.intervals = intervals
        }
    }

    /// All streams of all ranks: by rank, then as in the schedule.
    public var rows: [Row]

    /// When the last stream ends, in seconds.
    public var duration: Double {
        rows.map { $0.intervals.last?.end ?? 0 }.max() ?? 0
    }

    /// A timeline of streams whose times are known, such as measured ones.
    public init(rows: [Row]) { self.rows = rows }

    /// Simulates the schedules of all ranks, given in rank order. Linear in the number of steps.
    ///
    /// - Parameters:
    ///   - layouts: the layouts of each rank's buffers, which say how many elements a step has. They must have
    ///     the blocks that the slices name.
    ///   - cost: what a step takes, in seconds, once it can begin.
    /// - Throws: if the schedules cannot run to their ends. ``Verifier`` finds more.
    public init(
        _ schedules: [Schedule], layouts: [Layouts], cost: (Work) -> Double
    ) throws(VerificationError) {
        guard layouts.count == schedules.count else {
            throw VerificationError(
                .malformed("\(layouts.count) layouts for \(schedules.count) schedules"))
        }
        var interleaving = try Interleaving(schedules)
        var intervals: [[Interval]] = Array(repeating: [], count: interleaving.streams.count)
        var signals: [[Double]] = Array(repeating: [], count: schedules.count)

        func work(_ stream: Int, _ state: Interleaving) -> Work {
            let step = state.step(of: stream)
            let elements = step.slices.first.map { layouts[$0.rank].range(of: $0).count } ?? 0
            return Work(place: state.place(of: stream), step: step, elements: elements)
        }
        func ready(_ stream: Int) -> Double { intervals[stream].last?.end ?? 0 }
        func add(_ work: Work, to stream: Int, start: Double, end: Double) {
            intervals[stream].append(
                Interval(
                    place: work.place, step: work.step, ready: ready(stream), start: start, end: end
                ))
        }

        try interleaving.run { (state, event) in
            switch event {
            case .message(let sender, let receiver):
                let sending = work(sender, state)
                let receiving = work(receiver, state)
                let start = max(ready(sender), ready(receiver))
                let arrival = start + cost(sending)
                add(sending, to: sender, start: start, end: arrival)
                add(receiving, to: receiver, start: start, end: arrival + cost(receiving))
            case .step(let stream):
                let work = work(stream, state)
                var start = ready(stream)
                switch work.step {
                case .wait(let other, let steps) where steps > 0:
                    let other = state.firstStream[work.place.rank] + other
                    start = max(start, intervals[other][steps - 1].end)
                case .await(let peer, let count) where count > 0:
                    start = max(start, signals[peer][count - 1])
                default: break
                }
                let end = start + cost(work)
                if case .signal = work.step { signals[work.place.rank].append(end) }
                add(work, to: stream, start: start, end: end)
            }
        }
        rows = zip(interleaving.streams, intervals).enumerated().map { index, row in
            Row(rank: interleaving.rank[index], stream: row.0.name, intervals: row.1)
        }
    }
}
