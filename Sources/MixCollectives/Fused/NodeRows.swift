/// How rows lie one behind the other: by node, those that go there or came from it, and for each node by cell.
///
/// Arrays keep their memory from call to call.
struct NodeRows {
    /// Where the rows of each node begin; one entry more at the end.
    private(set) var starts = [0]
    /// For each node, where the rows of each cell begin, counted from the node's first; one entry more at each end.
    private var cellStarts: [Int32] = []
    private(set) var cellCount = 0
    /// Where the rows of each node begin in scratch memory, in bytes.
    private(set) var offsets: [Int] = []

    var nodeCount: Int { starts.count - 1 }
    var count: Int { starts[nodeCount] }

    /// The rows of a node among all.
    subscript(node: Int) -> Range<Int> { starts[node]..<starts[node + 1] }

    /// The rows of a node that are in these cells, counted from its first.
    func rows(_ node: Int, _ cells: Range<Int>) -> Range<Int> {
        let base = node * (cellCount + 1)
        return Int(cellStarts[base + cells.lowerBound])..<Int(cellStarts[base + cells.upperBound])
    }

    /// Where the rows of a node's cell begin; the end where `cell` is ``cellCount``.
    func cellStart(_ node: Int, _ cell: Int) -> Int32 { cellStarts[node * (cellCount + 1) + cell] }

    /// Begins anew, without any node.
    mutating func clear(cellCount: Int) {
        self.cellCount = cellCount
        starts.removeAll(keepingCapacity: true)
        starts.append(0)
        cellStarts.removeAll(keepingCapacity: true)
    }

    /// Adds the next node, with so many rows and all cells empty.
    mutating func append(rows: Int) {
        starts.append(count + rows)
        cellStarts.append(contentsOf: repeatElement(0, count: cellCount + 1))
    }

    mutating func setCellStart(_ node: Int, _ cell: Int, _ row: Int) {
        cellStarts[node * (cellCount + 1) + cell] = Int32(row)
    }

    /// Gives each node's rows a place in scratch memory, one behind the other from `bytes` on; none to `node`, whose rows
    /// don't travel.
    mutating func place(stride: Int, except node: Int, _ bytes: inout Int) {
        offsets.removeAll(keepingCapacity: true)
        for other in 0..<nodeCount {
            offsets.append(bytes)
            if other != node { bytes += SharedHeap.roundedUp(self[other].count * stride, 64) }
        }
    }
}
