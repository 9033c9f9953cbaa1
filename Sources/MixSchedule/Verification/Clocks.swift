/// What each stream knows to have happened: vector clocks.
///
/// Time is counted per stream in steps; the i-th step of a stream happens at time i + 1. In addition each rank has a slot
/// for its entry into the collective, which all its own steps come after. An event is sure to come before a step if the
/// stream of the step knows it; knowledge travels along a stream, with messages from sender to receiver, from a signal to
/// who awaits it, and to who waits for a stream. It does not travel from receiver to sender, since sends may be buffered.
///
/// A clock has one slot per stream and rank, so an event costs time and a stream memory in proportion to their number.
struct Clocks {
    typealias Word = SIMD64<UInt32>

    /// A moment in the life of a stream or, with time 1, the entry of a rank.
    struct Epoch {
        var slot: Int32
        var time: UInt32
    }

    /// What was known at some moment that others may ask for later, that moment included.
    private struct Snapshot {
        var clock: [Word]
        var epoch: Epoch
    }

    private let streamCount: Int
    private var clocks: [[Word]]
    private var signals: [[Snapshot]]
    /// By stream and number of completed steps: what was known then, and how many waits will ask for it.
    private var moments: [[Int: (waits: Int, snapshot: Snapshot?)]]

    init(_ interleaving: Interleaving) {
        streamCount = interleaving.streams.count
        let rankCount = interleaving.firstStream.count
        let words = (streamCount + rankCount + Word.scalarCount - 1) / Word.scalarCount
        clocks = Array(
            repeating: Array(repeating: Word(repeating: 0), count: words), count: streamCount)
        signals = Array(repeating: [], count: rankCount)
        moments = Array(repeating: [:], count: streamCount)
        for (stream, rank) in interleaving.rank.enumerated() {
            Clocks.raise(&clocks[stream], to: entry(of: rank))
            for case .wait(let other, let steps) in interleaving.streams[stream].steps
            where steps > 0 {
                let other = interleaving.firstStream[rank] + other
                moments[other][steps, default: (0, nil)].waits += 1
            }
        }
    }

    /// The moment at which a rank enters the collective.
    func entry(of rank: Int) -> Epoch {
        Epoch(slot: Int32(streamCount + rank), time: 1)
    }

    /// The stream of an epoch, nil for the entry of a rank.
    func stream(of epoch: Epoch) -> Int? {
        epoch.slot < streamCount ? Int(epoch.slot) : nil
    }

    /// Whether an event is sure to come before the present step of a stream.
    func knows(_ stream: Int, _ epoch: Epoch) -> Bool {
        Int(epoch.slot) == stream || Clocks.covers(clocks[stream], epoch)
    }

    /// The receiver of a message learns what its sender knows, the send itself included.
    mutating func deliver(from sender: Int, step: Int, to receiver: Int) {
        learn(
            receiver,
            Snapshot(
                clock: clocks[sender], epoch: Epoch(slot: Int32(sender), time: UInt32(step + 1))))
    }

    /// A rank signals from a stream.
    mutating func signal(by rank: Int, from stream: Int, step: Int) {
        signals[rank].append(
            Snapshot(
                clock: clocks[stream], epoch: Epoch(slot: Int32(stream), time: UInt32(step + 1))))
    }

    /// A stream learns what a rank knew when it signalled for the `count`-th time.
    mutating func await(_ count: Int, of rank: Int, in stream: Int) {
        guard count > 0 else { return }
        learn(stream, signals[rank][count - 1])
    }

    /// A stream learns what another knew when it had completed so many steps.
    mutating func wait(for other: Int, steps: Int, in stream: Int) {
        guard steps > 0, other != stream, let moment = moments[other][steps] else { return }
        if let snapshot = moment.snapshot { learn(stream, snapshot) }
        if moment.waits == 1 {
            moments[other][steps] = nil
        } else {
            moments[other][steps]?.waits -= 1
        }
    }

    /// A stream has completed so many steps: keeps what it knows if a wait will ask.
    mutating func completed(_ steps: Int, of stream: Int) {
        guard moments[stream][steps] != nil else { return }
        moments[stream][steps]?.snapshot = Snapshot(
            clock: clocks[stream], epoch: Epoch(slot: Int32(stream), time: UInt32(steps)))
    }

    /// What the caller of a rank knows after all streams of the rank have ended.
    func exit(of rank: Int, streams: Range<Int>, completed: [Int]) -> [Word] {
        var clock = Array(repeating: Word(repeating: 0), count: clocks.first?.count ?? 0)
        for stream in streams {
            Clocks.join(&clock, clocks[stream])
            Clocks.raise(
                &clock, to: Epoch(slot: Int32(stream), time: UInt32(completed[stream])))
        }
        return clock
    }

    /// Whether an event is part of what a clock knows.
    static func covers(_ clock: [Word], _ epoch: Epoch) -> Bool {
        let slot = Int(epoch.slot)
        return clock[slot / Word.scalarCount][slot % Word.scalarCount] >= epoch.time
    }

    private mutating func learn(_ stream: Int, _ snapshot: Snapshot) {
        // Whoever knows of a moment knows all that was known then.
        guard !knows(stream, snapshot.epoch) else { return }
        Clocks.join(&clocks[stream], snapshot.clock)
        Clocks.raise(&clocks[stream], to: snapshot.epoch)
    }

    private static func raise(_ clock: inout [Word], to epoch: Epoch) {
        let slot = Int(epoch.slot)
        let word = slot / Word.scalarCount
        let lane = slot % Word.scalarCount
        clock[word][lane] = max(clock[word][lane], epoch.time)
    }

    private static func join(_ clock: inout [Word], _ other: [Word]) {
        for word in clock.indices {
            let new = other[word]
            clock[word].replace(with: new, where: new .> clock[word])
        }
    }
}
