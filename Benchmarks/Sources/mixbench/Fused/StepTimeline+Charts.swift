import MixCollectives
import MixSchedule

extension StepTimeline.Interval {
    /// Whether it moves something, and does not only order others.
    var isWork: Bool { isProcessors || kind == .send || kind == .receive || kind == .receiveReduce }

    /// Whether the rank's one thread does it.
    var isProcessors: Bool { kind == .copy || kind == .reduce }

    /// A step of a schedule of the same kind, on nothing.
    func step(of rank: Int) -> Step {
        let nothing = Slice.empty(rank: rank)
        return switch kind {
        case .send: .send(nothing, to: peer)
        case .receive: .receive(nothing, from: peer)
        case .receiveReduce: .receiveReduce(into: nothing, with: nothing, from: peer)
        case .copy: .copy(from: nothing, to: nothing)
        case .reduce: .reduce(from: [nothing], to: [nothing])
        case .signal: .signal
        case .await: .await(rank: peer, signals: count)
        case .wait: .wait(stream: peer, steps: count)
        }
    }
}

extension StepTimeline {
    /// The last schedule that each rank ran: the operation itself, behind what it had to ask before.
    var mainRuns: [Run] {
        Dictionary(grouping: runs, by: \.rank).sorted { $0.key < $1.key }.map { $0.value.last! }
    }

    /// When the first step of all began, and the last was over.
    static func span(_ runs: [Run]) -> Range<Int64> {
        let steps = runs.flatMap(\.streams).flatMap(\.steps)
        guard let start = steps.map(\.start).min(), let end = steps.map(\.end).max() else { return 0..<0 }
        return start..<end
    }

    /// The main runs as they were measured.
    var measured: Timeline {
        let runs = mainRuns
        let origin = Self.span(runs).lowerBound
        func seconds(_ time: Int64) -> Double { Double(time - origin) * 1e-9 }
        return Timeline(
            rows: runs.flatMap { run in
                run.streams.enumerated().map { index, stream in
                    var ready = 0.0
                    return Timeline.Row(
                        rank: run.rank, stream: stream.name,
                        intervals: stream.steps.enumerated().map { number, step in
                            defer { ready = seconds(step.end) }
                            return Timeline.Interval(
                                place: StepPlace(rank: run.rank, stream: index, step: number),
                                step: step.step(of: run.rank),
                                ready: ready, start: seconds(step.start), end: seconds(step.end))
                        })
                }
            })
    }
}
