import MixCollectives
import MixSchedule

/// A measurement of an operation, and where among the rounds its time will be.
struct OperationProbe {
    let shape: Shape
    let index: Int
}

extension Rounds {
    /// Adds what operations of a shape take, see ``mean(of:on:_:_:)``.
    ///
    /// - Parameters:
    ///   - algorithm: what the group is made to use; nil for the library's choice.
    ///   - smaller: the same with fewer bytes; if that takes long, this one is left out.
    func add(
        _ shape: Shape, on group: Communicator, _ policy: Policy, _ workspace: Workspace, algorithm: String? = nil,
        after smaller: OperationProbe? = nil
    ) -> OperationProbe {
        let index = add(after: smaller?.index) {
            // A node without a counterpart.
            guard group.size > 1 else { return 0 }
            if let algorithm { try group.use(algorithm: algorithm, for: shape.operation) }
            return try mean(of: shape, on: group, policy, workspace)
        }
        return OperationProbe(shape: shape, index: index)
    }
}
