/// When the steps of one operation ran on this rank, as measured.
final class StepTrace {
    struct Entry: BitwiseCopyable {
        var stream: Int
        var step: Int
        /// Nanoseconds of the clock that all ranks of a machine share.
        var start: Int64
        var end: Int64
    }

    private(set) var entries: [Entry] = []

    func record(_ stream: Int, _ step: Int, _ start: Int64, _ end: Int64) {
        entries.append(Entry(stream: stream, step: step, start: start, end: end))
    }

    func clear() { entries.removeAll(keepingCapacity: true) }
}
