import MixCollectives
import MixSchedule

/// Measures one row of a fused operation. All ranks call it alike.
struct FusedMeasure {
    let world: Communicator
    let shape: FusedShape
    let seconds: Double
    let check: Bool

    private static let rounds = 3

    func measure(_ exercise: some FusedExercise) throws(CollectiveError) -> FusedMeasurement {
        var result = FusedMeasurement()
        result.wrong += try countWrong(exercise)
        try takeTimes(exercise, &result)
        try countBytes(exercise, &result)
        // Calls of one level lie in between.
        result.wrong += try countWrong(exercise)
        return result
    }

    private func countWrong(_ exercise: some FusedExercise) throws(CollectiveError) -> Int {
        guard check else { return 0 }
        try exercise.prepare()
        try exercise.call()
        var wrong = [Int64(exercise.countWrong())]
        try world.allReduce(&wrong, .sum)
        return Int(wrong[0])
    }

    // MARK: Bytes

    private func countBytes(
        _ exercise: some FusedExercise, _ result: inout FusedMeasurement
    ) throws(CollectiveError) {
        var wire = WireUse()
        var counted: UInt64 = 0
        let recorded = try world.recordSteps { () throws(CollectiveError) in
            try exercise.prepare()
            let before = world.counters
            try exercise.call()
            let counters = world.counters - before
            counted = counters.bytesSent
            wire = WireUse(counters, calls: 1)
        }
        let last = recorded.runs.last?.number
        result.steps = StepTimeline(runs: recorded.runs.filter { $0.number == last })
        let own = result.steps.runs.filter { $0.rank == world.rank }
        let notes = own.dropLast().reduce(0) { $0 + bytesBetweenNodes($1) }
        // Where nodes are parts of a machine no link counts, and the steps must.
        let all = world.counters == LinkCounters() ? own.reduce(0) { $0 + bytesBetweenNodes($1) } : Int(counted)

        var everywhere = [Int64](repeating: 0, count: 2 * world.size)
        try world.allGather([Int64(all - notes), Int64(notes)], into: &everywhere)
        let perLane = world.grid.nodes.map { ranks in
            (0..<2).map { kind in
                Double(ranks.reduce(0) { $0 + everywhere[2 * $1 + kind] }) / Double(ranks.count)
            }
        }
        result.sent = perLane.map { $0[0] }.max()!
        result.notes = perLane.map { $0[1] }.max()!
        try world.allReduce(&wire.values, .max)
        result.wire = wire
    }

    private func bytesBetweenNodes(_ run: StepTimeline.Run) -> Int {
        run.streams.flatMap(\.steps).reduce(0) { sum, step in
            let leaves = step.kind == .send && world.grid.node(of: step.peer) != world.grid.node(of: run.rank)
            return leaves ? sum + step.bytes : sum
        }
    }

    // MARK: Times

    /// All three kinds of calls in turns, so that what else the machine does meets all of them.
    private func takeTimes(
        _ exercise: some FusedExercise, _ result: inout FusedMeasurement
    ) throws(CollectiveError) {
        let parts: [SchedulePart?] = [nil, .insideNodes, .betweenNodes]
        defer { world.use(part: nil) }
        var calls: [Int] = []
        for part in parts {
            world.use(part: part)
            calls.append(try warmUp(exercise))
        }
        var samples = parts.map { _ in [Int64]() }
        for index in parts.indices { samples[index].reserveCapacity(Self.rounds * calls[index]) }
        for _ in 0..<Self.rounds {
            for (index, part) in parts.enumerated() {
                world.use(part: part)
                try world.barrier()
                for _ in 0..<calls[index] {
                    try exercise.prepare()
                    let begin = Clock.now()
                    try exercise.call()
                    samples[index].append(Clock.now() - begin)
                }
            }
        }
        var values = samples.map { samples in Double(samples.sorted()[samples.count / 2]) * 1e-9 }
        values.append(Double(samples[0].min()!) * 1e-9)
        try world.allReduce(&values, .max)
        (result.time, result.insideNodes, result.betweenNodes, result.min) = (
            values[0], values[1], values[2], values[3]
        )
        result.iterations = samples[0].count
    }

    /// Calls until a tenth of the time is spent, and says how many calls fill a round.
    private func warmUp(_ exercise: some FusedExercise) throws(CollectiveError) -> Int {
        var calls = 2
        while true {
            let begin = Clock.now()
            for _ in 0..<calls {
                try exercise.prepare()
                try exercise.call()
            }
            // The same on all ranks, because all must make the same number of calls.
            var spent = [Double(Clock.now() - begin) * 1e-9]
            try world.allReduce(&spent, .max)
            if spent[0] > 0.1 * seconds || calls >= 1024 {
                let wanted = seconds / Double(Self.rounds) / max(spent[0], 1e-9) * Double(calls)
                return Int(min(max(wanted, 2), 10_000))
            }
            calls *= 4
        }
    }
}
