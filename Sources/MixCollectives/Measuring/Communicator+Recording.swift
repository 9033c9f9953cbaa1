internal import CMixSystem

// Recordings that concern one rank: of a part of a program, over several communicators.
extension Communicator {
    /// Begins to record the steps of this rank's schedules, forgetting what was recorded. Not collective; costs nothing
    /// until it is called.
    public func startRecording() { trace = StepTrace() }

    /// Ends the recording, and returns what the steps since ``startRecording()`` did, with times of ``StepTimeline/now``.
    /// Operations that run no schedule, as small ones do, are not in it.
    public func stopRecording() -> StepTimeline {
        defer { trace = nil }
        return StepTimeline(runs: trace?.runs ?? [])
    }
}

extension StepTimeline {
    /// The clock that recordings on one machine have in common, in nanoseconds: CLOCK_MONOTONIC.
    public static var now: Int64 { mix_now() }
}
