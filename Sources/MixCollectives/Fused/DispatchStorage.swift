internal import MixSchedule

/// What one dispatch left behind for its combine; used again for a later dispatch when its handle is gone.
final class DispatchStorage {
    var routes = RowRoutes()
    var arrivals = Arrivals()
    var cells = TokenCells(tokens: 0, pieces: 1, lanes: 1, leastTokens: 1)
    /// The most tokens that any node has.
    var mostTokens = 0
    /// The pieces that any node has rows in: what the schedules are cut into.
    var pieces = 1
    var options = DispatchOptions()
    var hidden = 0
    var type = DataType.float32
    var grid = Topology(nodeCount: 1, ranksPerNode: 1)
    /// The dispatch's number among the collectives: which rows are meant, when several dispatches are under way.
    var number: UInt64 = 0
    /// Whether the rows were given back by a combine.
    var isSpent = false
    /// The received rows.
    private(set) var rows: UnsafeMutableRawPointer
    private var bytes: Int
    private let heap: SharedHeap

    init(_ heap: SharedHeap) throws(CollectiveError) {
        self.heap = heap
        bytes = 0
        rows = try heap.allocate(bytes: 0)
    }

    deinit { heap.release(rows, bytes: bytes) }

    /// Makes room for received rows. Grows, and never shrinks.
    func makeRoom(bytes needed: Int) throws(CollectiveError) {
        guard needed > bytes else { return }
        // Counts differ from step to step: some more now saves the next time.
        let next = needed + needed / 4
        let address = try heap.allocate(bytes: next)
        heap.release(rows, bytes: bytes)
        (rows, bytes) = (address, next)
    }
}
