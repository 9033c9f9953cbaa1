internal import MixSchedule

/// The steps of a dispatch on rows: packing for the wire, and putting together what came.
///
/// A node's rows for another wait in `part` (or `full`), rows from another in `arrival`; both in wire format, the columns
/// of one lane (or of all) side by side.
struct DispatchWork: StepWork {
    let rows: RowGrid
    let format: RowFormat
    let storage: DispatchStorage
    let memory: MappedMemory
    /// Where arrivals of each node begin in every lane's scratch memory, then the packed rows for each node.
    let arrivalStarts: [Int]
    let packedStarts: [Int]
    /// Room for a row in float32.
    let wide: UnsafeMutablePointer<Float>

    private var type: DataType { format.type }

    func isNothing(_ slice: Slice) -> Bool { message(slice).bytes == 0 }

    func message(_ slice: Slice) -> (UnsafeMutableRawPointer, bytes: Int) {
        let (region, node, lane) = rows.scratchPlace(slice)
        let cells = storage.cells.cells(piece: slice.piece, lane: lane)
        let range = region == .arrival ? storage.arrivals.rows(from: node, cells) : storage.routes.rows(to: node, cells)
        let stride = format.bytes(rows.columns(lane: lane).count)
        let start = region == .arrival ? arrivalStarts[node] : packedStarts[node]
        return (memory.base(.scratch, of: slice.rank) + start + range.lowerBound * stride, range.count * stride)
    }

    func bytes(_ slice: Slice) -> Int {
        guard slice.buffer != .scratch else { return message(slice).bytes }
        let (node, lane) = rows.place(slice)
        let cells = storage.cells.cells(piece: slice.piece, lane: lane)
        let range =
            slice.buffer == .input ? storage.routes.rows(to: node, cells) : storage.arrivals.rows(from: node, cells)
        return range.count * rows.columns(lane: lane).count * type.size
    }

    func copy(_ source: Slice, to destination: Slice) {
        switch (source.buffer, destination.buffer) {
        case (.input, .scratch): pack(destination)
        case (.input, .output): keep(piece: source.piece)
        default: unpack(source)
        }
    }

    func reduce(_ slices: UnsafePointer<Slice>, _ sourceCount: Int, _ destinationCount: Int) {
        preconditionFailure("a dispatch reduces nothing")
    }

    private func pack(_ slice: Slice) {
        let (_, node, lane) = rows.scratchPlace(slice)
        let columns = rows.columns(lane: lane)
        var (target, _) = message(slice)
        let stride = format.bytes(columns.count)
        let input = memory.base(.input, of: rows.grid.rank) + columns.lowerBound * type.size
        let first = storage.routes.nodeRows[node]
        let range = storage.routes.rows(to: node, storage.cells.cells(piece: slice.piece, lane: lane))
        storage.routes.tokens.withUnsafeBufferPointer { tokens in
            for row in range {
                format.pack(
                    input + Int(tokens[first + row]) * rows.hidden * type.size, to: target, columns.count, wide: wide)
                target += stride
            }
        }
    }

    private func unpack(_ slice: Slice) {
        let (_, node, lane) = rows.scratchPlace(slice)
        let columns = rows.columns(lane: lane)
        var (source, _) = message(slice)
        let stride = format.bytes(columns.count)
        let first = storage.arrivals.nodeRows[node]
        let range = storage.arrivals.rows(from: node, storage.cells.cells(piece: slice.piece, lane: lane))
        var target = storage.rows + ((first + range.lowerBound) * rows.hidden + columns.lowerBound) * type.size
        for _ in range {
            format.unpack(source, to: target, columns.count, wide: wide)
            source += stride
            target += rows.hidden * type.size
        }
    }

    /// The node's own rows, which every lane has.
    private func keep(piece: Int) {
        let node = rows.grid.node
        let cells = storage.cells.cells(piece: piece, lane: nil)
        let first = storage.routes.nodeRows[node]
        let input = memory.base(.input, of: rows.grid.rank)
        let bytes = rows.hidden * type.size
        let range = storage.routes.rows(to: node, cells)
        var target = storage.rows + (storage.arrivals.nodeRows[node] + range.lowerBound) * bytes
        storage.routes.tokens.withUnsafeBufferPointer { tokens in
            for row in range {
                target.copyMemory(from: input + Int(tokens[first + row]) * bytes, byteCount: bytes)
                target += bytes
            }
        }
    }
}
