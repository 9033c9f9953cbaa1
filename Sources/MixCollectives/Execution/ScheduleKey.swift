internal import MixSchedule

/// What a schedule depends on, besides the communicator.
struct ScheduleKey: Hashable {
    var operation: Operation
    var algorithm: String
    var root: Int
    var pieces: Int
}

extension Schedule {
    /// Whether some step combines fewer than all ranks' contributions.
    var reducesInParts: Bool {
        streams.contains { stream in
            stream.steps.contains { step in
                switch step {
                case .receiveReduce: true
                case .reduce(let sources, _): sources.count < rankCount
                default: false
                }
            }
        }
    }
}
