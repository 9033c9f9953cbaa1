/// Whose memory a rank can reach without messages.
public enum MappedMemory: Sendable, Hashable {
    /// Its own.
    case own
    /// That of the ranks of its node.
    case ofNode(Topology)
    /// That of all ranks.
    case ofAll

    /// Whether one rank can reach the memory of another.
    public func reaches(from rank: Int, to other: Int) -> Bool {
        switch self {
        case .own: rank == other
        case .ofNode(let topology): topology.node(of: rank) == topology.node(of: other)
        case .ofAll: true
        }
    }
}
