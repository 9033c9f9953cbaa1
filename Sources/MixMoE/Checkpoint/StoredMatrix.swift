/// A matrix of weights, y = x Wᵀ, where it lies in a checkpoint: which bytes are element (row, column), and by which scale
/// they are multiplied. A shard is a view of some rows or columns; nothing is read by making one.
struct StoredMatrix {
    /// The scales of blocks of fp8 weights: `weight × scale`, although checkpoints call them `weight_scale_inv`.
    struct Scales {
        /// [⌈rows/block⌉, ⌈columns/block⌉] of the whole matrix, float32 or bfloat16.
        var base: UnsafeRawPointer
        var type: StoredType
        /// Scales per row of blocks.
        var stride: Int
        /// Weights per block, in both directions.
        var block = 128
        /// Where this view's element (0, 0) is in the whole matrix.
        var firstRow = 0
        var firstColumn = 0
    }

    /// Element (0, 0). Aligned to nothing: the header before it may have any length.
    var base: UnsafeRawPointer
    /// float32, float16, bfloat16 or float8E4M3.
    var type: StoredType
    /// Outputs.
    var rows: Int
    /// Inputs.
    var columns: Int
    /// Elements from one row to the next.
    var rowStride: Int
    /// Elements from one column to the next: 1 where rows lie in one piece.
    var columnStride: Int
    /// Of float8E4M3 only.
    var scales: Scales?
    /// What `base` points into; nil: memory that is the caller's.
    var file: MappedFile?

    /// Some of the rows (outputs).
    func rows(_ range: Range<Int>) -> StoredMatrix {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows)
        var part = self
        part.base += range.lowerBound * rowStride * type.size
        part.rows = range.count
        part.scales?.firstRow += range.lowerBound
        return part
    }

    /// Some of the columns (inputs).
    func columns(_ range: Range<Int>) -> StoredMatrix {
        precondition(range.lowerBound >= 0 && range.upperBound <= columns)
        var part = self
        part.base += range.lowerBound * columnStride * type.size
        part.columns = range.count
        part.scales?.firstColumn += range.lowerBound
        return part
    }

    /// The same elements, with rows for columns. Of matrices without scales.
    var transposed: StoredMatrix {
        precondition(scales == nil, "scales are by rows and columns")
        var other = self
        (other.rows, other.columns) = (columns, rows)
        (other.rowStride, other.columnStride) = (columnStride, rowStride)
        return other
    }

    /// The columns of even and of odd number. Of matrices without scales.
    var everySecondColumn: (even: StoredMatrix, odd: StoredMatrix) {
        precondition(scales == nil && columns.isMultiple(of: 2))
        var even = self
        even.columns = columns / 2
        even.columnStride = 2 * columnStride
        var odd = even
        odd.base += columnStride * type.size
        return (even, odd)
    }

    /// Bytes of the weights of this view, without scales.
    var byteCount: Int { rows * columns * type.size }
}
