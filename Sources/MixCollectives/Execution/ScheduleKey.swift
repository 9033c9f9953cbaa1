internal import MixSchedule

/// What a schedule depends on, besides the communicator.
struct ScheduleKey: Hashable {
    var operation: Operation
    var algorithm: String
    var root: Int
    var pieces: Int
}

extension Schedule {
    /// Whether no step combines all ranks' contributions at once. That is the same for all ranks of an algorithm,
    /// those included that only send, and receive what others reduced.
    var reducesInParts: Bool {
        !streams.contains { stream in
            stream.steps.contains { step in
                guard case .reduce(let sources, _) = step else { return false }
                return sources.count == rankCount
            }
        }
    }
}
