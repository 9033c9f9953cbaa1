/// Where a step stands: which step of which stream of which rank.
public struct StepPlace: Sendable, Hashable {
    /// The rank whose schedule it is in.
    public var rank: Int
    /// The index of the stream in that schedule.
    public var stream: Int
    /// The index of the step in that stream.
    public var step: Int

    /// Names a place.
    public init(rank: Int, stream: Int, step: Int) {
        self.rank = rank
        self.stream = stream
        self.step = step
    }
}

extension StepPlace: CustomStringConvertible {
    /// For example `rank 3, stream 0, step 12`.
    public var description: String { "rank \(rank), stream \(stream), step \(step)" }
}
