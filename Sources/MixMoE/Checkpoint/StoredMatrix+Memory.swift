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
        let isTransposed = columnStride > rowStride
        let (outer, inner) = isTransposed ? (columns, rows) : (rows, columns)
        let (outerStride, innerStride) = isTransposed ? (columnStride, rowStride) : (rowStride, columnStride)
        let runBytes = ((inner - 1) * innerStride + 1) * type.size
        let runStride = outerStride * type.size
        if runStride - runBytes >= gap {
            for run in 0..<outer { body(UnsafeRawBufferPointer(start: base + run * runStride, count: runBytes)) }
        } else {
            body(UnsafeRawBufferPointer(start: base, count: (outer - 1) * runStride + runBytes))
        }
        guard let scales else { return }
        let (blockRows, blockColumns) = (scales.blockRows(rows), scales.blockColumns(columns))
        let first = blockRows.lowerBound * scales.stride + blockColumns.lowerBound
        let last = (blockRows.upperBound - 1) * scales.stride + blockColumns.upperBound - 1
        let size = scales.type.size
        body(UnsafeRawBufferPointer(start: scales.base + first * size, count: (last - first + 1) * size))
    }
}

extension StoredMatrix.Scales {
    /// The rows of blocks that `rows` rows of the view, at least one, lie in.
    func blockRows(_ rows: Int) -> Range<Int> { firstRow / block..<(firstRow + rows - 1) / block + 1 }

    /// The columns of blocks that `columns` columns of the view, at least one, lie in.
    func blockColumns(_ columns: Int) -> Range<Int> { firstColumn / block..<(firstColumn + columns - 1) / block + 1 }
}
