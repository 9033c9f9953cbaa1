internal import MixSchedule

/// What a dispatch and its combine have in common: rows that wait in scratch memory to be sent, or to be taken in.
///
/// Rows for other nodes wait in `part` (one lane's columns or tokens) or `full` (all of them), rows from other nodes in
/// `arrival`, all in wire format.
protocol RowWork: StepWork {
    var rows: RowGrid { get }
    var format: RowFormat { get }
    var storage: DispatchStorage { get }
    var memory: MappedMemory { get }
    /// The rows that leave for each node.
    var outgoing: NodeRows { get }
    /// The rows that come from each node.
    var incoming: NodeRows { get }
}

extension RowWork {
    var type: DataType { format.type }
    var own: Int { rows.grid.node }

    func cells(_ slice: Slice, _ lane: Int?) -> Range<Int> { storage.cells.cells(piece: slice.piece, lane: lane) }

    func isNothing(_ slice: Slice) -> Bool { message(slice).bytes == 0 }

    func message(_ slice: Slice) -> (UnsafeMutableRawPointer, bytes: Int) {
        let (region, node, lane) = rows.scratchPlace(slice)
        let moved = region == .arrival ? incoming : outgoing
        let range = moved.rows(node, cells(slice, lane))
        let stride = format.bytes(rows.columns(lane: lane).count)
        return (
            memory.base(.scratch, of: slice.rank) + moved.offsets[node] + range.lowerBound * stride,
            range.count * stride
        )
    }
}
