extension Schedule {
    /// How ranks of one node reach each other in a hierarchical algorithm.
    public enum InsideNode: Sendable, Hashable {
        /// Through mapped memory, directly.
        case mapped
        /// By messages, on a ring.
        case messages
    }
}
