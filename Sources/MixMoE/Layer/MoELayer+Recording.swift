public import MixCollectives

extension MoELayer {
    /// Begins to record the steps of this rank's collectives, see ``/MixCollectives/Communicator/startRecording()``.
    public func startRecording() {
        for communicator in [column, reduction, gathering] { communicator?.startRecording() }
    }

    /// Ends the recording, and returns what the steps did, with times of ``/MixCollectives/StepTimeline/now``.
    public func stopRecording() -> StepTimeline {
        StepTimeline(runs: [column, reduction, gathering].flatMap { $0?.stopRecording().runs ?? [] })
    }
}
