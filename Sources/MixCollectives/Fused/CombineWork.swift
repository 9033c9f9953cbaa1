internal import CMixKernels
internal import MixSchedule

/// The steps of a combine on rows: sums, weighted or not, of the lanes' partial results, and of what comes from other nodes.
///
/// Rows for their owners wait in `part` (or `full`), rows for this node in `arrival`, both in wire format; this node's own
/// tokens are added up in `sum` (or its own `full`) in float32.
struct CombineWork: StepWork {
    let rows: RowGrid
    let format: RowFormat
    let storage: DispatchStorage
    let memory: MappedMemory
    /// Where each kind of memory begins in every lane's scratch memory: the sums, then rows for each node, then arrivals.
    let sumStart: Int
    let packedStarts: [Int]
    let arrivalStarts: [Int]
    /// Room for a row in float32, and for the addresses and weights of what is summed.
    let wide: UnsafeMutablePointer<Float>
    let sources: UnsafeMutablePointer<UnsafeRawPointer?>
    let weights: UnsafeMutablePointer<Float>

    private var type: DataType { format.type }
    private var own: Int { rows.grid.node }

    func isNothing(_ slice: Slice) -> Bool { message(slice).bytes == 0 }

    func message(_ slice: Slice) -> (UnsafeMutableRawPointer, bytes: Int) {
        let (region, node, lane) = rows.scratchPlace(slice)
        let cells = storage.cells.cells(piece: slice.piece, lane: lane)
        let range = region == .arrival ? storage.routes.rows(to: node, cells) : storage.arrivals.rows(from: node, cells)
        let stride = format.bytes(rows.columns(lane: lane).count)
        let start = region == .arrival ? arrivalStarts[node] : packedStarts[node]
        return (memory.base(.scratch, of: slice.rank) + start + range.lowerBound * stride, range.count * stride)
    }

    func bytes(_ slice: Slice) -> Int {
        let (region, node, lane) = rows.scratchPlace(slice)
        guard region == .sum || node == own else { return message(slice).bytes }
        let cells = storage.cells.cells(piece: slice.piece, lane: lane)
        let tokens = storage.cells.start(cells.upperBound) - storage.cells.start(cells.lowerBound)
        return tokens * rows.columns(lane: lane).count * MemoryLayout<Float>.size
    }

    // MARK: Reductions

    func reduce(_ slices: UnsafePointer<Slice>, _ sourceCount: Int, _ destinationCount: Int) {
        let destination = slices[sourceCount]
        let (region, node, lane) = rows.scratchPlace(destination)
        if slices[sourceCount - 1].buffer == .scratch {
            add(slices[sourceCount - 1])
        } else if region == .sum || node == own {
            sumOwn(slices, sourceCount, piece: destination.piece, lane: lane)
        } else {
            sum(slices, sourceCount, into: destination, node, lane: lane, packed: region == .part)
        }
    }

    /// The sums of all lanes' partial rows of a cell, for the node that owns them.
    private func sum(
        _ slices: UnsafePointer<Slice>, _ sourceCount: Int, into destination: Slice, _ node: Int, lane: Int?,
        packed: Bool
    ) {
        let columns = rows.columns(lane: lane)
        let range = storage.arrivals.rows(from: node, storage.cells.cells(piece: destination.piece, lane: lane))
        let stride = format.bytes(packed ? columns.count : rows.hidden)
        var target = memory.base(.scratch, of: rows.grid.rank) + packedStarts[node] + range.lowerBound * stride
        if !packed { target += format.bytes(columns.lowerBound) }
        let first = storage.arrivals.nodeRows[node]
        for row in range {
            let count = gather(row: first + row, slices, sourceCount, columns)
            let sum = isWireFloat ? target.assumingMemoryBound(to: Float.self) : wide
            _ = mix_weighted_sum(type.kernelType, sources, weights, count, sum, columns.count, 0)
            if !isWireFloat { format.narrow(sum, to: target, columns.count) }
            target += stride
        }
    }

    /// The sums of this node's tokens begin with what its own experts made of them.
    private func sumOwn(_ slices: UnsafePointer<Slice>, _ sourceCount: Int, piece: Int, lane: Int?) {
        let columns = rows.columns(lane: lane)
        let cells = storage.cells.cells(piece: piece, lane: lane)
        for token in storage.cells.start(cells.lowerBound)..<storage.cells.start(cells.upperBound) {
            sumRow(token, of: rows.grid.rank, columns).update(repeating: 0, count: columns.count)
        }
        let firstArrival = storage.arrivals.nodeRows[own]
        let firstRoute = storage.routes.nodeRows[own]
        for row in storage.routes.rows(to: own, cells) {
            let count = gather(row: firstArrival + row, slices, sourceCount, columns)
            let token = Int(storage.routes.tokens[firstRoute + row])
            _ = mix_weighted_sum(
                type.kernelType, sources, weights, count, sumRow(token, of: rows.grid.rank, columns), columns.count, 1)
        }
    }

    /// Adds what came from another node to the sums.
    private func add(_ arrival: Slice) {
        let (_, node, lane) = rows.scratchPlace(arrival)
        let columns = rows.columns(lane: lane)
        var (source, _) = message(arrival)
        let stride = format.bytes(columns.count)
        let first = storage.routes.nodeRows[node]
        weights[0] = 1
        for row in storage.routes.rows(to: node, storage.cells.cells(piece: arrival.piece, lane: lane)) {
            sources[0] = UnsafeRawPointer(source)
            let token = Int(storage.routes.tokens[first + row])
            _ = mix_weighted_sum(
                format.wireType.kernelType, sources, weights, 1, sumRow(token, of: rows.grid.rank, columns),
                columns.count, 1)
            source += stride
        }
    }

    /// Lists the partial rows of all lanes for one received row, in the order in which they are added.
    private func gather(
        row: Int, _ slices: UnsafePointer<Slice>, _ sourceCount: Int, _ columns: Range<Int>
    ) -> Int {
        var count = 0
        for index in Int(storage.arrivals.rowStarts[row])..<Int(storage.arrivals.rowStarts[row + 1]) {
            let offset = (Int(storage.arrivals.slots[index]) * rows.hidden + columns.lowerBound) * type.size
            let weight = storage.options.weightsResults ? storage.arrivals.slotWeights[index] : 1
            for lane in 0..<sourceCount {
                sources[count] = UnsafeRawPointer(memory.base(.input, of: slices[lane].rank) + offset)
                weights[count] = weight
                count += 1
            }
        }
        return count
    }

    /// Whether sums need no rounding on their way.
    private var isWireFloat: Bool { format.kind == .same && type == .float32 }

    private func sumRow(_ token: Int, of rank: Int, _ columns: Range<Int>) -> UnsafeMutablePointer<Float> {
        (memory.base(.scratch, of: rank) + sumStart).assumingMemoryBound(to: Float.self)
            + (token * rows.hidden + columns.lowerBound)
    }

    // MARK: Copies

    func copy(_ source: Slice, to destination: Slice) {
        let (_, node, lane) = rows.scratchPlace(source)
        let columns = rows.columns(lane: lane)
        if destination.buffer == .scratch, node != own {
            // A mate's columns of whole rows that will be sent.
            let stride = format.bytes(rows.hidden)
            let offset = packedStarts[node] + format.bytes(columns.lowerBound)
            let cells = storage.cells.cells(piece: source.piece, lane: lane)
            for row in storage.arrivals.rows(from: node, cells) {
                (memory.base(.scratch, of: destination.rank) + offset + row * stride).copyMemory(
                    from: memory.base(.scratch, of: source.rank) + offset + row * stride,
                    byteCount: format.bytes(columns.count))
            }
            return
        }
        let cells = storage.cells.cells(piece: source.piece, lane: lane)
        let output = memory.base(.output, of: rows.grid.rank)
        for token in storage.cells.start(cells.lowerBound)..<storage.cells.start(cells.upperBound) {
            let sum = sumRow(token, of: source.rank, columns)
            if destination.buffer == .scratch {
                sumRow(token, of: destination.rank, columns).update(from: sum, count: columns.count)
            } else {
                RowFormat.store(
                    sum, to: output + (token * rows.hidden + columns.lowerBound) * type.size, type, columns.count)
            }
        }
    }
}
