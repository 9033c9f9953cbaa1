/// A schedule under construction. Builders and the phases they share append steps to its streams.
struct ScheduleDraft {
    /// The moment at which a step is complete, for other streams to wait for.
    struct Completion {
        let stream: Int
        let steps: Int
    }

    let rank: Int
    let rankCount: Int
    private(set) var streams: [Stream] = []
    /// For each stream, how many steps of each other stream it has already waited for.
    private var waitedFor: [[Int: Int]] = []

    init(rank: Int, rankCount: Int) {
        precondition(0 <= rank && rank < rankCount, "there is no rank \(rank) among \(rankCount)")
        self.rank = rank
        self.rankCount = rankCount
    }

    /// All other ranks, beginning with the next higher one, so that not everyone turns to the same peer at once.
    var peers: [Int] { (1..<rankCount).map { (rank + $0) % rankCount } }

    func input(_ block: Int, count: Int = 1) -> Slice {
        Slice(.input, rank: rank, block: block, blockCount: count)
    }

    func output(_ block: Int, count: Int = 1) -> Slice {
        Slice(.output, rank: rank, block: block, blockCount: count)
    }

    func scratch(_ block: Int, count: Int = 1) -> Slice {
        Slice(.scratch, rank: rank, block: block, blockCount: count)
    }

    /// Adds an empty stream and returns its index.
    mutating func addStream(_ name: String, channel: Int = 0) -> Int {
        streams.append(Stream(name: name, channel: channel))
        waitedFor.append([:])
        return streams.count - 1
    }

    /// Appends a step to a stream, and before it the waits that are needed for it to begin after `causes`.
    @discardableResult
    mutating func append(
        _ step: Step, to stream: Int, after causes: [Completion?] = []
    ) -> Completion {
        for case let cause? in causes
        where cause.stream != stream && waitedFor[stream][cause.stream, default: 0] < cause.steps {
            streams[stream].steps.append(.wait(stream: cause.stream, steps: cause.steps))
            waitedFor[stream][cause.stream] = cause.steps
        }
        streams[stream].steps.append(step)
        return Completion(stream: stream, steps: streams[stream].steps.count)
    }

    /// Appends waits until each of these ranks has signalled so often.
    mutating func awaitAll(_ ranks: [Int], signals: Int, in stream: Int) {
        for rank in ranks { append(.await(rank: rank, signals: signals), to: stream) }
    }

    /// The schedule.
    func finished(inputBlocks: Int, outputBlocks: Int, scratchBlocks: Int = 0) -> Schedule {
        Schedule(
            rank: rank, rankCount: rankCount, inputBlocks: inputBlocks, outputBlocks: outputBlocks,
            scratchBlocks: scratchBlocks, streams: streams)
    }
}
