internal import CMixKernels
internal import MixSchedule

/// The steps of a combine on rows: sums, weighted or not, of the lanes' partial results, and of what comes from other nodes.
///
/// Rows go back the way they came. This node's own tokens are added up in `sum` (or its own `full`) in float32, and rounded
/// once, when they are copied to the output; a rank all alone does without that copy.
struct CombineWork: RowWork {
    let rows: RowGrid
    let format: RowFormat
    let storage: DispatchStorage
    let memory: MappedMemory
    /// Room for a row in float32, and for the addresses and weights of what is summed.
    let wide: UnsafeMutablePointer<Float>
    let sources: UnsafeMutablePointer<UnsafeRawPointer?>
    let weights: UnsafeMutablePointer<Float>

    var outgoing: NodeRows { storage.arrivals.rows }
    var incoming: NodeRows { storage.routes.rows }
    private var isAlone: Bool { rows.grid.blockCount == 1 }

    func bytes(_ slice: Slice) -> Int {
        let (region, node, lane) = rows.scratchPlace(slice)
        guard region == .sum || node == own else { return message(slice).bytes }
        return tokens(slice, lane).count * rows.columns(lane: lane).count * MemoryLayout<Float>.size
    }

    /// What the sums of so many tokens take of scratch memory, where they lie first: their place must not depend on what a
    /// lane has to send.
    static func sumBytes(_ rows: RowGrid, tokens: Int) -> Int {
        rows.grid.blockCount == 1 ? 0 : SharedHeap.roundedUp(tokens * rows.hidden * MemoryLayout<Float>.size, 64)
    }

    // MARK: Reductions

    func reduce(_ slices: UnsafePointer<Slice>, _ sourceCount: Int, _ destinationCount: Int) {
        let destination = slices[sourceCount]
        let (region, node, _) = rows.scratchPlace(destination)
        if slices[sourceCount - 1].buffer == .scratch {
            add(slices[sourceCount - 1])
        } else if region == .sum || node == own {
            sumOwn(slices, sourceCount, into: destination)
        } else {
            sum(slices, sourceCount, into: destination, packed: region == .part)
        }
    }

    /// The sums of all lanes' partial rows of a cell, for the node that owns them.
    private func sum(_ slices: UnsafePointer<Slice>, _ sourceCount: Int, into destination: Slice, packed: Bool) {
        let (_, node, lane) = rows.scratchPlace(destination)
        let columns = rows.columns(lane: lane)
        let range = outgoing.rows(node, cells(destination, lane))
        let stride = format.bytes(packed ? columns.count : rows.hidden)
        var target = memory.base(.scratch, of: rows.grid.rank) + outgoing.offsets[node] + range.lowerBound * stride
        if !packed { target += format.bytes(columns.lowerBound) }
        let first = outgoing.starts[node]
        for row in range {
            let count = gather(row: first + row, slices, sourceCount, columns, behind: 0)
            let sum = isWireFloat ? target.assumingMemoryBound(to: Float.self) : wide
            _ = mix_weighted_sum(type.kernelType, sources, weights, count, sum, columns.count, 0)
            if !isWireFloat { format.narrow(sum, to: target, columns.count) }
            target += stride
        }
    }

    /// The sums of this node's tokens begin with what its own experts made of them.
    private func sumOwn(_ slices: UnsafePointer<Slice>, _ sourceCount: Int, into destination: Slice) {
        let (_, _, lane) = rows.scratchPlace(destination)
        let columns = rows.columns(lane: lane)
        let range = incoming.rows(own, cells(destination, lane))
        let (firstArrival, firstRoute) = (outgoing.starts[own], incoming.starts[own])
        var row = range.lowerBound
        for token in tokens(destination, lane) {
            var count = 0
            while row < range.upperBound, Int(storage.routes.tokens[firstRoute + row]) == token {
                count = gather(row: firstArrival + row, slices, sourceCount, columns, behind: count)
                row += 1
            }
            let sum = isAlone ? soleSum(token) : sumRow(token, of: rows.grid.rank, columns)
            _ = mix_weighted_sum(type.kernelType, sources, weights, count, sum, columns.count, 0)
            if isAlone, type != .float32 { RowFormat.store(sum, to: outputRow(token, columns), type, columns.count) }
        }
    }

    /// Adds what came from another node to the sums.
    private func add(_ arrival: Slice) {
        let (_, node, lane) = rows.scratchPlace(arrival)
        let columns = rows.columns(lane: lane)
        var (source, _) = message(arrival)
        let stride = format.bytes(columns.count)
        let first = incoming.starts[node]
        weights[0] = 1
        for row in incoming.rows(node, cells(arrival, lane)) {
            sources[0] = UnsafeRawPointer(source)
            let token = Int(storage.routes.tokens[first + row])
            _ = mix_weighted_sum(
                format.wireType.kernelType, sources, weights, 1, sumRow(token, of: rows.grid.rank, columns),
                columns.count, 1)
            source += stride
        }
    }

    /// Lists the partial rows of all lanes for one received row, in the order in which they are added, behind `count` others;
    /// returns how many are listed then.
    private func gather(
        row: Int, _ slices: UnsafePointer<Slice>, _ sourceCount: Int, _ columns: Range<Int>, behind count: Int
    ) -> Int {
        var count = count
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

    // MARK: Copies

    func copy(_ source: Slice, to destination: Slice) {
        guard !isAlone else { return }
        let (_, node, lane) = rows.scratchPlace(source)
        let columns = rows.columns(lane: lane)
        if destination.buffer == .scratch, node != own {
            // A mate's columns of whole rows that will be sent.
            let stride = format.bytes(rows.hidden)
            let offset = outgoing.offsets[node] + format.bytes(columns.lowerBound)
            for row in outgoing.rows(node, cells(source, lane)) {
                (memory.base(.scratch, of: destination.rank) + offset + row * stride).copyMemory(
                    from: memory.base(.scratch, of: source.rank) + offset + row * stride,
                    byteCount: format.bytes(columns.count))
            }
            return
        }
        for token in tokens(source, lane) {
            let sum = sumRow(token, of: source.rank, columns)
            if destination.buffer == .scratch {
                sumRow(token, of: destination.rank, columns).update(from: sum, count: columns.count)
            } else {
                RowFormat.store(sum, to: outputRow(token, columns), type, columns.count)
            }
        }
    }

    // MARK: Places

    /// Whether sums need no rounding on their way.
    private var isWireFloat: Bool { format.kind == .same && type == .float32 }

    /// This node's tokens in a slice.
    private func tokens(_ slice: Slice, _ lane: Int?) -> Range<Int> {
        let cells = cells(slice, lane)
        return storage.cells.start(cells.lowerBound)..<storage.cells.start(cells.upperBound)
    }

    private func sumRow(_ token: Int, of rank: Int, _ columns: Range<Int>) -> UnsafeMutablePointer<Float> {
        memory.base(.scratch, of: rank).assumingMemoryBound(to: Float.self)
            + (token * rows.hidden + columns.lowerBound)
    }

    private func outputRow(_ token: Int, _ columns: Range<Int>) -> UnsafeMutableRawPointer {
        memory.base(.output, of: rows.grid.rank) + (token * rows.hidden + columns.lowerBound) * type.size
    }

    /// Where a rank that is alone adds up: at once in the output, if that is float32.
    private func soleSum(_ token: Int) -> UnsafeMutablePointer<Float> {
        type == .float32 ? outputRow(token, 0..<rows.hidden).assumingMemoryBound(to: Float.self) : wide
    }
}
