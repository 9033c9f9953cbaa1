internal import MixSchedule

// The form in which ranks send what they recorded: 64-bit words.
extension StepTimeline {
    /// All of it, times counted from `origin`.
    func words(origin: Int64) -> [Int64] {
        var words = [Int64(runs.count)]
        for run in runs {
            words += [Int64(run.rank), Int64(run.operation.code), Int64(run.number), Int64(run.streams.count)]
            for stream in run.streams {
                let name = Array(stream.name.utf8)
                words += [Int64(stream.channel), Int64(stream.steps.count), Int64(name.count)]
                words += name.map(Int64.init)
                for step in stream.steps {
                    words += [Int64(step.kind.rawValue), Int64(step.peer), Int64(step.count), Int64(step.bytes)]
                    words += [step.start - origin, step.end - origin]
                }
            }
        }
        return words
    }

    /// What ``words(origin:)`` wrote.
    init(words: ArraySlice<Int64>) {
        var rest = words
        func next() -> Int { Int(rest.removeFirst()) }
        runs = (0..<next()).map { _ in
            var run = Run(rank: next(), operation: Operation(code: UInt8(next()))!, number: next(), streams: [])
            run.streams = (0..<next()).map { _ in
                var stream = Stream(name: "", channel: next(), steps: [])
                let (steps, letters) = (next(), next())
                stream.name = String(decoding: (0..<letters).map { _ in UInt8(next()) }, as: UTF8.self)
                stream.steps = (0..<steps).map { _ in
                    Interval(
                        kind: Kind(rawValue: UInt8(next()))!, peer: next(), count: next(), bytes: next(),
                        start: Int64(next()), end: Int64(next()))
                }
                return stream
            }
            return run
        }
    }
}
