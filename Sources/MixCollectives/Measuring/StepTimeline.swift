public import MixSchedule

/// What the steps of operations did and when, as ``Communicator/recordSteps(_:)`` measured it.
public struct StepTimeline: Sendable, Hashable {
    /// The kinds of a schedule's steps: those of `Step`.
    public enum Kind: UInt8, Sendable, Hashable, CaseIterable {
        case send, receive, receiveReduce, copy, reduce, signal, await, wait
    }

    /// One step.
    public struct Interval: Sendable, Hashable {
        /// What it did.
        public var kind: Kind
        /// The other rank of `send`, `receive`, `receiveReduce` and `await`; the stream of `wait`.
        public var peer: Int
        /// The signals of `await`, the steps of `wait`.
        public var count: Int
        /// The bytes of the message or the copy; of a reduction, of one of its operands.
        public var bytes: Int
        /// When it was first tried, in nanoseconds since the recording began: a message's wait for its peer is a part of it.
        public var start: Int64
        /// When it was complete.
        public var end: Int64

        /// A step that was measured.
        public init(kind: Kind, peer: Int, count: Int, bytes: Int, start: Int64, end: Int64) {
            self.kind = kind
            self.peer = peer
            self.count = count
            self.bytes = bytes
            self.start = start
            self.end = end
        }
    }

    /// One stream of a schedule.
    public struct Stream: Sendable, Hashable {
        /// Its name in the schedule.
        public var name: String
        /// Its channel in the schedule.
        public var channel: Int
        /// Its steps in order.
        public var steps: [Interval]

        /// A stream that was measured.
        public init(name: String, channel: Int, steps: [Interval]) {
            self.name = name
            self.channel = channel
            self.steps = steps
        }
    }

    /// A schedule that one rank ran.
    public struct Run: Sendable, Hashable {
        /// The rank in the communicator that recorded.
        public var rank: Int
        /// What it was a part of: an operation may run several schedules.
        public var operation: Operation
        /// The operation's number, counted from the communicator's first.
        public var number: Int
        /// As in the schedule.
        public var streams: [Stream]

        /// A schedule that was measured.
        public init(rank: Int, operation: Operation, number: Int, streams: [Stream]) {
            self.rank = rank
            self.operation = operation
            self.number = number
            self.streams = streams
        }
    }

    /// All schedules that were run: by rank, then in order.
    public var runs: [Run]

    /// A timeline of these runs.
    public init(runs: [Run]) { self.runs = runs }
}
