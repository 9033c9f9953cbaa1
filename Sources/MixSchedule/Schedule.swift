/// What one rank does in one collective: a value, computed from algorithm, rank and rank count, and from nothing else.
///
/// A schedule has three readers: an executor moves the bytes, a pricer predicts the time, and ``Verifier`` proves that the
/// schedules of all ranks together compute what they should. Builders are static functions named after algorithm and
/// operation, one file each, in `Builders/`; ``Algorithm`` lists them by name.
public struct Schedule: Sendable, Hashable {
    /// The rank that this schedule belongs to, from 0.
    public let rank: Int
    /// How many ranks take part.
    public let rankCount: Int
    /// Into how many blocks the slices of this schedule divide the input.
    public var inputBlocks: Int
    /// Into how many blocks the slices of this schedule divide the output.
    public var outputBlocks: Int
    /// How many blocks of scratch memory are needed, at most ``inputBlocks`` where the builder says nothing else.
    ///
    /// Scratch is laid out like the input: a scratch block is as large as the input block of the same index.
    public var scratchBlocks: Int
    /// The streams, which run side by side.
    public var streams: [Stream]

    /// Makes a schedule from its parts.
    public init(
        rank: Int, rankCount: Int, inputBlocks: Int, outputBlocks: Int, scratchBlocks: Int = 0,
        streams: [Stream]
    ) {
        precondition(0 <= rank && rank < rankCount, "there is no rank \(rank) among \(rankCount)")
        self.rank = rank
        self.rankCount = rankCount
        self.inputBlocks = inputBlocks
        self.outputBlocks = outputBlocks
        self.scratchBlocks = scratchBlocks
        self.streams = streams
    }

    /// The number of elements that this rank sends in messages, under the layouts of its buffers. Linear in the number of steps.
    ///
    /// Copies and reductions through mapped memory do not count: they are not sent.
    public func elementsSent(_ layouts: Layouts) -> Int {
        streams.reduce(0) { total, stream in
            stream.steps.reduce(total) { total, step in
                guard case .send(let slice, _) = step else { return total }
                return total + layouts.range(of: slice).count
            }
        }
    }
}
