/// How rows are measured.
struct Policy: Sendable {
    /// Time to spend on one row and place.
    var seconds = 0.3
    /// Timed calls at least, and some more to warm up.
    var leastCalls = 5
    /// Whether results are checked.
    var check = true
    var memory = MemoryKind.shared
    /// nil: the library's choice.
    var algorithm: String?
    /// Whether to say what the links between nodes did.
    var counters = false

    /// Timed calls of one row and place at most.
    static let mostCalls = 50_000
}
