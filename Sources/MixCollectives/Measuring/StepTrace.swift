internal import MixSchedule

/// When the steps of operations ran on this rank, while that is recorded.
final class StepTrace {
    private struct Entry: BitwiseCopyable {
        var stream: Int
        var step: Int
        /// Nanoseconds of the clock that all ranks of a machine share.
        var start: Int64
        var end: Int64
    }

    private var entries: [Entry] = []
    private(set) var runs: [StepTimeline.Run] = []

    func record(_ stream: Int, _ step: Int, _ start: Int64, _ end: Int64) {
        entries.append(Entry(stream: stream, step: step, start: start, end: end))
    }

    /// Makes what was recorded a run of `schedule`. Steps of a stream were recorded in order.
    func close(
        _ schedule: CompiledSchedule, _ operation: Operation, _ communicator: Communicator, bytes: (Slice) -> Int
    ) {
        var streams = (0..<schedule.streamCount).map {
            StepTimeline.Stream(name: schedule.names[$0], channel: schedule.channel($0), steps: [])
        }
        for entry in entries {
            let step = schedule.instruction(entry.stream, entry.step).pointee
            let slices = schedule.slice(step.slices)
            let size =
                switch step.kind {
                case .send, .receive, .receiveReduce, .copy: bytes(slices[0])
                case .reduce: bytes(slices[step.sourceCount])
                case .signal, .await, .wait: 0
                }
            streams[entry.stream].steps.append(
                StepTimeline.Interval(
                    kind: StepTimeline.Kind(rawValue: step.kind.rawValue)!, peer: step.peer, count: step.count,
                    bytes: size, start: entry.start, end: entry.end))
        }
        entries.removeAll(keepingCapacity: true)
        runs.append(
            StepTimeline.Run(
                rank: communicator.rank, operation: operation, number: Int(communicator.operationNumber),
                streams: streams))
    }
}
