import MixCollectives
import MixSchedule

/// Measures one row and place. All ranks call it alike.
///
/// Calls are issued back to back, with no barrier between them, and nothing is allocated while time is taken.
@inline(never)
func measure<Element: BenchmarkElement>(
    _ type: Element.Type, _ sweep: Sweep, _ shape: Shape, _ place: Place, _ policy: Policy,
    world: Communicator, workspace: Workspace
) throws(CollectiveError) -> Measurement {
    var exercise = Exercise<Element>(sweep, shape, place, world: world, workspace: workspace)
    var wrong = 0
    if policy.check {
        exercise.fill()
        try world.barrier()
        try exercise.call()
        wrong += exercise.countWrong()
    }
    exercise.prepareForTiming()
    try world.barrier()
    let iterations = try warmUp(&exercise, policy)

    let samples = workspace.samples
    try world.barrier()
    let counters = world.counters
    let begin = Clock.now()
    var last = begin
    for index in 0..<iterations {
        try exercise.call()
        let now = Clock.now()
        samples[index] = now &- last
        last = now
    }
    var wire = WireUse(world.counters - counters, calls: iterations)

    if policy.check, exercise.isRepeatable { wrong += exercise.countWrong() }
    var sorted = UnsafeMutableBufferPointer(start: samples, count: iterations)
    sorted.sort()
    let nanoseconds = [
        Double(last - begin) / Double(iterations), Double(sorted[iterations / 2]),
        Double(Measurement.percentile(0.99, of: sorted)), Double(sorted[0]), Double(sorted[iterations - 1]),
    ]
    var slowest = nanoseconds.map { $0 * 1e-9 }
    var wrongEverywhere = [Int64(wrong)]
    try world.allReduce(&slowest, .max)
    try world.allReduce(&wrongEverywhere, .sum)
    try world.allReduce(&wire.values, .max)
    try world.barrier()
    return Measurement(
        mean: slowest[0], median: slowest[1], p99: slowest[2], min: slowest[3], max: slowest[4],
        wrong: Int(wrongEverywhere[0]), iterations: iterations, wire: wire)
}

/// Calls until a tenth of the time is spent, and says how many calls fill the time.
private func warmUp<Element: BenchmarkElement>(
    _ exercise: inout Exercise<Element>, _ policy: Policy
) throws(CollectiveError) -> Int {
    let seconds = policy.seconds
    var calls = min(3, policy.leastCalls)
    while true {
        let begin = Clock.now()
        for _ in 0..<calls { try exercise.call() }
        // The same on all ranks, because all must make the same number of calls.
        var spent = [Double(Clock.now() - begin) * 1e-9]
        try exercise.world.allReduce(&spent, .max)
        if spent[0] > 0.1 * seconds || calls >= 4096 {
            let wanted = spent[0] > 0 ? seconds / spent[0] * Double(calls) : Double.infinity
            return Int(min(max(wanted, Double(policy.leastCalls)), Double(Policy.mostCalls)))
        }
        calls *= 4
    }
}
