internal import MixSchedule

/// The steps of a dispatch on rows: packing for the wire, and putting together what came.
struct DispatchWork: RowWork {
    let rows: RowGrid
    let format: RowFormat
    let storage: DispatchStorage
    let memory: MappedMemory
    /// Room for a row in float32.
    let wide: UnsafeMutablePointer<Float>

    var outgoing: NodeRows { storage.routes.rows }
    var incoming: NodeRows { storage.arrivals.rows }

    func bytes(_ slice: Slice) -> Int {
        guard slice.buffer != .scratch else { return message(slice).bytes }
        let (node, lane) = rows.place(slice)
        let moved = slice.buffer == .input ? outgoing : incoming
        return moved.rows(node, cells(slice, lane)).count * rows.columns(lane: lane).count * type.size
    }

    func copy(_ source: Slice, to destination: Slice) {
        switch (source.buffer, destination.buffer) {
        case (.input, .scratch): pack(destination)
        case (.input, .output): keep(source)
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
        let first = outgoing.starts[node]
        let range = outgoing.rows(node, cells(slice, lane))
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
        let range = incoming.rows(node, cells(slice, lane))
        let first = incoming.starts[node] + range.lowerBound
        var target = storage.rows + (first * rows.hidden + columns.lowerBound) * type.size
        for _ in range {
            format.unpack(source, to: target, columns.count, wide: wide)
            source += stride
            target += rows.hidden * type.size
        }
    }

    /// The node's own rows, which every lane has.
    private func keep(_ slice: Slice) {
        let first = outgoing.starts[own]
        let input = memory.base(.input, of: rows.grid.rank)
        let bytes = rows.hidden * type.size
        let range = outgoing.rows(own, cells(slice, nil))
        var target = storage.rows + (incoming.starts[own] + range.lowerBound) * bytes
        storage.routes.tokens.withUnsafeBufferPointer { tokens in
            for row in range {
                target.copyMemory(from: input + Int(tokens[first + row]) * bytes, byteCount: bytes)
                target += bytes
            }
        }
    }
}
