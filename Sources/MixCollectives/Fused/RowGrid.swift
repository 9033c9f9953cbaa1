internal import MixSchedule

/// What dispatch and combine know of rows: which columns and cells a slice names, and where lanes begin.
struct RowGrid {
    let grid: FusedGrid
    let hidden: Int
    /// 1 where lanes share columns.
    let cellLanes: Int
    private let columns: Layout

    /// - Parameter tokens: this node's; of meaning where there is no other.
    init(_ grid: FusedGrid, hidden: Int, slicing: DispatchOptions.Slicing, tokens: Int) {
        self.grid = grid
        self.hidden = hidden
        // Where nothing is sent, lanes share the sums only, and whole rows are read faster than columns of them.
        let shares = slicing == .hidden && (grid.nodeCount > 1 || tokens < 4 * grid.laneCount)
        cellLanes = shares ? 1 : grid.laneCount
        // Whole cache lines per lane, unless there are too few.
        let alignment = hidden >= 16 * grid.laneCount ? 16 : 1
        columns = .equal(count: hidden, blocks: shares ? grid.laneCount : 1, alignment: alignment)
    }

    /// The columns that a lane has, or all lanes together.
    func columns(lane: Int?) -> Range<Int> {
        guard cellLanes == 1, let lane else { return 0..<hidden }
        return columns.range(ofBlock: lane)
    }

    /// The greatest number of columns of a lane.
    var greatestLaneColumns: Int { columns.range(ofBlock: 0).count }

    /// Tokens that fill a piece worth sending, in rows of so many bytes for one lane.
    static func leastTokens(laneBytes: Int) -> Int { Swift.max(1, leastBytes / Swift.max(1, laneBytes)) }
    private static let leastBytes = 256 << 10

    /// The node and lane of a slice of input or output; nil for all lanes.
    func place(_ slice: Slice) -> (node: Int, lane: Int?) {
        let (node, lane) = slice.block.quotientAndRemainder(dividingBy: grid.laneCount)
        return (node, slice.blockCount == 1 ? lane : nil)
    }

    /// The region, node and lane of a slice of scratch memory; nil for all lanes.
    func scratchPlace(_ slice: Slice) -> (region: FusedGrid.Region, node: Int, lane: Int?) {
        let (region, node, lane) = grid.place(ofScratch: slice)
        return (region, node, slice.blockCount == 1 ? lane : nil)
    }
}
