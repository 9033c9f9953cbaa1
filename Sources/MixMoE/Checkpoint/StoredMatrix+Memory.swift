extension StoredMatrix {
    /// Some rows and columns.
    struct Piece: Equatable {
        var rows: Range<Int>
        var columns: Range<Int>
    }

    subscript(piece: Piece) -> StoredMatrix { rows(piece.rows).columns(piece.columns) }

    /// Bytes of the scales of this view's blocks.
    var scaleByteCount: Int {
        guard let scales, rows > 0, columns > 0 else { return 0 }
        return scales.blockRows(rows).count * scales.blockColumns(columns).count * scales.type.size
    }

    /// This matrix in pieces of at most so many bytes, but at least 128 rows, cut where memory runs on: between rows, or
    /// between columns where those lie in one piece. Cuts are at multiples of 128, or of a block of scales.
    func pieces(ofAtMost bytes: Int) -> [Piece] {
        let isTransposed = columnStride > rowStride
        let (outer, inner) = isTransposed ? (columns, rows) : (rows, columns)
        let granule = scales?.block ?? 128
        let granules = max(1, bytes / max(1, inner * type.size) / granule)
        return stride(from: 0, to: outer, by: granules * granule).map { first in
            let range = first..<min(outer, first + granules * granule)
            return isTransposed ? Piece(rows: 0..<rows, columns: range) : Piece(rows: range, columns: 0..<columns)
        }
    }

    /// Calls `body` with the parts of memory that hold this view and its scales: a row's (or column's, whichever lies
    /// closer together) by itself where at least `gap` bytes of others lie between two, else all from first to last byte.
    func forEachExtent(apartBy gap: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        guard rows > 0, columns > 0 else { return }
        let runs = runs(apartBy: gap)
        for run in 0..<runs.count { body(runs[run]) }
        guard let scales else { return }
        let (blockRows, blockColumns) = (scales.blockRows(rows), scales.blockColumns(columns))
        let first = blockRows.lowerBound * scales.stride + blockColumns.lowerBound
        let last = (blockRows.upperBound - 1) * scales.stride + blockColumns.upperBound - 1
        let size = scales.type.size
        body(UnsafeRawBufferPointer(start: scales.base + first * size, count: (last - first + 1) * size))
    }

    /// Bytes of memory that ``copy(into:)`` needs.
    var copyByteCount: Int {
        guard file != nil, rows > 0, columns > 0 else { return 0 }
        let runs = runs(apartBy: Self.leastGap)
        return runs.count * runs[0].count
    }

    /// The same view of a copy in memory, read from the file; itself where it is in memory. Scales stay where they are.
    func copy(into memory: UnsafeMutableRawPointer) throws(MoEError) -> StoredMatrix {
        guard let file, rows > 0, columns > 0 else { return self }
        let runs = runs(apartBy: Self.leastGap)
        for run in 0..<runs.count { try file.read(runs[run], into: memory + run * runs[0].count) }
        var copy = self
        copy.base = UnsafeRawPointer(memory)
        copy.file = nil
        if runs.count > 1 {
            let stride = runs[0].count / type.size
            if columnStride > rowStride { copy.columnStride = stride } else { copy.rowStride = stride }
        }
        return copy
    }

    /// Others' bytes that are read along, because a call to the system costs more.
    private static let leastGap = 4096

    /// Parts of memory of one size, one behind the other.
    private struct Runs {
        var count: Int
        var base: UnsafeRawPointer
        var bytes: Int
        var stride: Int

        subscript(run: Int) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(start: base + run * stride, count: bytes)
        }
    }

    /// What holds this view, which is not empty: see ``forEachExtent(apartBy:_:)``.
    private func runs(apartBy gap: Int) -> Runs {
        let isTransposed = columnStride > rowStride
        let (outer, inner) = isTransposed ? (columns, rows) : (rows, columns)
        let (outerStride, innerStride) = isTransposed ? (columnStride, rowStride) : (rowStride, columnStride)
        let bytes = ((inner - 1) * innerStride + 1) * type.size
        let stride = outerStride * type.size
        return stride - bytes >= gap
            ? Runs(count: outer, base: base, bytes: bytes, stride: stride)
            : Runs(count: 1, base: base, bytes: (outer - 1) * stride + bytes, stride: 0)
    }
}

extension StoredMatrix.Scales {
    /// The rows of blocks that `rows` rows of the view, at least one, lie in.
    func blockRows(_ rows: Int) -> Range<Int> { firstRow / block..<(firstRow + rows - 1) / block + 1 }

    /// The columns of blocks that `columns` columns of the view, at least one, lie in.
    func blockColumns(_ columns: Int) -> Range<Int> { firstColumn / block..<(firstColumn + columns - 1) / block + 1 }
}
