import MixCollectives
import MixSchedule

/// Recorded steps in the trace event format, which Perfetto and chrome://tracing read: a process per rank, a thread per
/// stream.
struct ChromeTrace {
    private var events: [String] = []
    private var threads: [[String: Int]]
    /// Where the next recording begins, in nanoseconds.
    private var origin: Int64 = 0

    private static let gap: Int64 = 1_000_000

    init(_ grid: Topology) {
        threads = Array(repeating: [:], count: grid.rankCount)
        for rank in 0..<grid.rankCount {
            name(
                "process_name", rank: rank, thread: 0,
                "rank \(rank), lane \(grid.lane(of: rank)) of node \(grid.node(of: rank))")
        }
    }

    /// The document.
    var text: String {
        "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n" + events.joined(separator: ",\n") + "\n]}\n"
    }

    /// Appends a recording behind those before. Steps that only order others take no time and are left out.
    mutating func append(_ steps: StepTimeline) {
        let all = steps.runs.flatMap(\.streams).flatMap(\.steps)
        guard let first = all.map(\.start).min(), let last = all.map(\.end).max() else { return }
        for run in steps.runs {
            for stream in run.streams {
                let thread = thread(stream.name, rank: run.rank)
                for step in stream.steps where step.isWork && step.bytes > 0 {
                    add(step, run, thread, start: step.start - first + origin)
                }
            }
        }
        origin += last - first + Self.gap
    }

    private mutating func add(_ step: StepTimeline.Interval, _ run: StepTimeline.Run, _ thread: Int, start: Int64) {
        var details = JSONObject()
        details.add("operation", run.operation.rawValue)
        details.add("number", run.number)
        details.add("bytes", step.bytes)
        if step.kind != .copy && step.kind != .reduce { details.add("peer", step.peer) }
        var event = JSONObject()
        event.add("name", "\(step.kind)")
        event.add("ph", "X")
        event.add("pid", run.rank)
        event.add("tid", thread)
        event.add("ts", Double(start) / 1000, digits: 3)
        event.add("dur", Double(step.end - step.start) / 1000, digits: 3)
        event.add("args", details)
        events.append(event.text)
    }

    private mutating func thread(_ stream: String, rank: Int) -> Int {
        if let known = threads[rank][stream] { return known }
        let number = threads[rank].count
        threads[rank][stream] = number
        name("thread_name", rank: rank, thread: number, stream)
        return number
    }

    private mutating func name(_ what: String, rank: Int, thread: Int, _ text: String) {
        var details = JSONObject()
        details.add("name", text)
        var event = JSONObject()
        event.add("name", what)
        event.add("ph", "M")
        event.add("pid", rank)
        event.add("tid", thread)
        event.add("args", details)
        events.append(event.text)
    }
}
