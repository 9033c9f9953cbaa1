import MixCollectives
import MixSchedule

/// What the steps that ran should take if each level went as fast as by itself.
///
/// A rank has one thread for copies and reductions and one wire to send on: these steps take turns, in the order in which
/// they were measured.
struct StepPrediction {
    /// Seconds that a message takes beside its bytes.
    var latency: Double
    /// Bytes per second of a rank's messages, and of its copies and reductions.
    var wireRate: Double
    var nodeRate: Double

    /// From the times of each level by itself.
    init(_ measurement: FusedMeasurement, latency: Double) {
        let runs = measurement.steps.mainRuns
        func greatest(_ isWanted: (StepTimeline.Interval) -> Bool) -> Double {
            Double(runs.map { $0.streams.flatMap(\.steps).filter(isWanted).reduce(0) { $0 + $1.bytes } }.max() ?? 0)
        }
        // What lanes ask before is not a part of the chart.
        let whole = StepTimeline.span(measurement.steps.runs)
        let before = Double(StepTimeline.span(runs).lowerBound - whole.lowerBound) * 1e-9
        func rate(_ bytes: Double, _ seconds: Double) -> Double { bytes / max(seconds - before, 0.1 * seconds, 1e-9) }
        self.latency = latency
        wireRate = rate(greatest { $0.kind == .send }, measurement.betweenNodes)
        nodeRate = rate(greatest(\.isProcessors), measurement.insideNodes)
    }

    func timeline(_ steps: StepTimeline) throws(VerificationError) -> Timeline {
        let ranks = steps.mainRuns.map(Self.takingTurns)
        let schedules = ranks.enumerated().map { rank, streams in
            Schedule(
                rank: rank, rankCount: ranks.count, inputBlocks: 1, outputBlocks: 1,
                streams: streams.map { stream in
                    Stream(name: stream.name, channel: stream.channel, steps: stream.steps.map { $0.step(of: rank) })
                })
        }
        let nothing = Layouts(input: .uniform(blocks: 1, count: 0), output: .uniform(blocks: 1, count: 0))
        return try Timeline(schedules, layouts: schedules.map { _ in nothing }) { work in
            let step = ranks[work.place.rank][work.place.stream].steps[work.place.step]
            guard step.bytes > 0 else { return 0 }
            if step.isProcessors { return Double(step.bytes) / nodeRate }
            return step.kind == .send ? latency + Double(step.bytes) / wireRate : 0
        }
    }

    /// The streams of a rank with waits put in, so that no two copies or reductions run at once, and no two sends.
    private static func takingTurns(_ run: StepTimeline.Run) -> [StepTimeline.Stream] {
        let streams = run.streams
        var causes = streams.map { [(stream: Int, step: Int)?](repeating: nil, count: $0.steps.count) }
        func order(_ isWanted: (StepTimeline.Interval) -> Bool) {
            var all: [(start: Int64, stream: Int, step: Int)] = []
            for (index, stream) in streams.enumerated() {
                for (number, step) in stream.steps.enumerated() where step.bytes > 0 && isWanted(step) {
                    all.append((step.start, index, number))
                }
            }
            all.sort { ($0.start, $0.step, $0.stream) < ($1.start, $1.step, $1.stream) }
            for (one, next) in zip(all, all.dropFirst()) where one.stream != next.stream {
                causes[next.stream][next.step] = (one.stream, one.step)
            }
        }
        order { $0.kind == .send }
        order(\.isProcessors)

        // How many steps a stream has done, waits included, when so many of its own are done.
        func count(_ stream: Int, _ steps: Int) -> Int { steps + causes[stream].prefix(steps).count { $0 != nil } }
        return streams.enumerated().map { index, stream in
            var result = stream
            result.steps = zip(stream.steps, causes[index]).flatMap { step, cause in
                var step = step
                if step.kind == .wait { step.count = count(step.peer, step.count) }
                guard let cause else { return [step] }
                var wait = step
                (wait.kind, wait.peer, wait.count, wait.bytes) = (
                    .wait, cause.stream, count(cause.stream, cause.step + 1), 0
                )
                return [wait, step]
            }
            return result
        }
    }
}
