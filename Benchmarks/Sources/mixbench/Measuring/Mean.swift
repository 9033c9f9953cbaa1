import MixCollectives
import MixSchedule

/// What an operation takes in a series of calls on the slowest rank, in seconds, on mapped memory and out of place where it can
/// be: the mean, because single calls of those that need not wait for others return before their work is done.
func mean(
    of shape: Shape, on group: Communicator, _ policy: Policy, _ workspace: Workspace
) throws(CollectiveError) -> Double {
    let place = shape.operation.places[0]
    let sweep = Sweep(
        operation: shape.operation, type: shape.operation.calibratedType, reduction: .sum, root: 0,
        sizes: [shape.bytes], places: [place])
    return shape.operation.reduces
        ? try measure(Float.self, sweep, shape, place, policy, world: group, workspace: workspace).mean
        : try measure(UInt8.self, sweep, shape, place, policy, world: group, workspace: workspace).mean
}

extension MixSchedule.Operation {
    /// What calibrations and predictions move: floats where something is added up, else bytes.
    var calibratedType: DataType { reduces ? .float32 : .uint8 }
}

extension Shape {
    /// Of elements that calibrations move.
    init(_ operation: MixSchedule.Operation, bytes: Int, ranks: Int) {
        self.init(operation, bytes: bytes, elementSize: operation.calibratedType.size, ranks: ranks)
    }
}

extension Communicator {
    /// The way that such an operation goes. A message has no ways.
    func way(of shape: Shape) -> Way {
        shape.operation == .sendReceive
            ? .exchange
            : way(of: shape.operation, count: shape.blockCount, type: shape.operation.calibratedType)
    }
}

extension Communicator.Way {
    /// As a ``/MixPlanner/Correction`` calls it.
    var name: String {
        switch self {
        case .exchange: "exchange"
        case .messages: "messages"
        case .schedule: "schedule"
        }
    }
}
