/// A sequence of steps that runs side by side with the other streams of its schedule.
///
/// A step begins when the one before it in its stream is complete. Streams advance independently of each other; where one
/// depends on another, it says so with ``Step/wait(stream:steps:)``. An exchange, where a rank sends and receives at the
/// same time, is therefore written as two streams, and the overlap of two kinds of wires as one stream for each.
/// An executor may start steps earlier (post several sends at once, say) where no one could tell the difference.
public struct Stream: Sendable, Hashable {
    /// What a person reads in errors and in charts, such as `send` or `intra-node`.
    public var name: String
    /// Which messages meet: a message sent by a stream is received by a stream of the same channel.
    ///
    /// For each pair of ranks and each direction, at most one stream of a channel sends and one receives.
    public var channel: Int
    /// What to do, in this order.
    public var steps: [Step]

    /// Makes a stream.
    public init(name: String, channel: Int = 0, steps: [Step] = []) {
        self.name = name
        self.channel = channel
        self.steps = steps
    }
}
