/// Which ranks of a communicator a sub-communicator has.
public enum Group: Sendable, Hashable {
    /// The ranks of one node: a node's shared memory is theirs.
    case node
    /// The ranks with the same place inside their nodes: one of each node.
    case lane
}
