/// Where the blocks of an all-to-all-v lie in a buffer: one block per rank.
public struct Blocks: Sendable, Hashable {
    /// Elements per rank.
    public var counts: [Int]
    /// First element per rank.
    public var displacements: [Int]

    /// Blocks at places of their own, which don't overlap.
    public init(counts: [Int], displacements: [Int]) {
        self.counts = counts
        self.displacements = displacements
    }

    /// Blocks one behind the other.
    public init(counts: [Int]) {
        self.counts = counts
        var next = 0
        displacements = counts.map { count in
            defer { next += count }
            return next
        }
    }
}
