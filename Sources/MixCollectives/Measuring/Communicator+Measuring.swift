public import MixSchedule
internal import CMixSystem

// For benchmarks: which steps of a schedule took how long, and how long one level of a fused collective takes by itself.
extension Communicator {
    /// Makes fused collectives run only the steps inside nodes, or only those between nodes, or all of them again (`nil`).
    ///
    /// For measurements of one level by itself: **results are meaningless meanwhile.** What ranks must know before they can
    /// begin, such as the counts of a dispatch, is still told between nodes. All ranks do the same, between operations.
    public func use(part: SchedulePart?) { chosenPart = part }

    /// Runs `body` and returns what every step of its operations did, and when: on rank 0 of all ranks, elsewhere of this one.
    ///
    /// Collective. Operations that run no schedule, as small ones do, are not in it. Times are in nanoseconds since the
    /// recording began: ranks on one machine have one clock, those of different machines agree as well as ranks leave a
    /// barrier together. While nothing is recorded this costs nothing.
    public func recordSteps(_ body: () throws(CollectiveError) -> Void) throws(CollectiveError) -> StepTimeline {
        try barrier()
        let origin = try sharedOrigin(mix_now())
        let trace = StepTrace()
        self.trace = trace
        defer { self.trace = nil }
        try body()
        self.trace = nil

        let words = StepTimeline(runs: trace.runs).words(origin: origin)
        var greatest = [Int64(words.count)]
        try allReduce(&greatest, .max)
        let length = Int(greatest[0])
        var all = Array(repeating: Int64(0), count: rank == 0 ? length * size : 0)
        try gather(words + Array(repeating: 0, count: length - words.count), into: &all, root: 0)
        guard rank == 0 else { return StepTimeline(words: words[...]) }
        return StepTimeline(
            runs: (0..<size).flatMap { StepTimeline(words: all[$0 * length..<(($0 + 1) * length)]).runs })
    }

    /// The earliest of these moments on this rank's machine: the one closest to what they all mark.
    private func sharedOrigin(_ moment: Int64) throws(CollectiveError) -> Int64 {
        // Nodes may be parts of a machine, which has one clock.
        let boot = mix_boot()
        let machine = boot != 0 ? boot : Int64(network?.topology.node(of: rank) ?? 0)
        var all = Array(repeating: Int64(0), count: 2 * size)
        try allGather([machine, moment], into: &all)
        return (0..<size).filter { all[2 * $0] == machine }.map { all[2 * $0 + 1] }.min()!
    }
}
