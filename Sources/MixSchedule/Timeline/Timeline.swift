/// When each step of a collective runs, under a cost that the caller gives for every step.
///
/// Streams advance as their steps allow, as early as possible. A message begins when both its send and its receive have
/// begun, and is over for both after the cost of the send; a receive that also reduces then adds its own cost. With a cost
/// alone, transfers do not slow each other down; with a ``Demand``, they queue for what they share.
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

    /// Simulates the schedules of all ranks, with steps that do not compete for anything.
    ///
    /// - Parameters:
    ///   - schedules: in rank order.
    ///   - layouts: the layouts of each rank's buffers, which say how many elements a step has. They must have
    ///     the blocks that the slices name.
    ///   - cost: what a step takes, in seconds, once it can begin.
    /// - Throws: if the schedules cannot run to their ends. ``Verifier`` finds more.
    public init(
        _ schedules: [Schedule], layouts: [Layouts], cost: (Work) -> Double
    ) throws(VerificationError) {
        try self.init(schedules, layouts: layouts, meets: true) { Demand(occupation: cost($0)) }
    }
}
