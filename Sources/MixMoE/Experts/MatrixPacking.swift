internal import CMixProducts

/// One matrix on its way into panels, in pieces that may be packed in any order and by any thread.
///
/// Panel p gets rows p · share ..< (p + 1) · share of every part, one part behind the other, with share = 64 / parts. A piece is
/// what lies together where the matrix is stored: some outputs of a panel, or a segment of inputs of all panels.
struct MatrixPacking {
    /// Its `data` is set before the first piece is packed.
    var matrix: mix_packed_matrix
    let parts: [StoredMatrix]
    let pieceCount: Int
    private let share: Int
    /// Outputs of a piece, where rows lie together; else 0.
    private let rowsPerPiece: Int

    /// What the second level of a processor's cache holds besides what is packed.
    private static let pieceBytes = 256 << 10
    /// Outputs that are packed as fast as more.
    private static let leastRows = 16

    /// All parts have the same form.
    init(_ parts: [StoredMatrix], roundsToBFloat16: Bool) {
        let first = parts[0]
        let share = Int(MIX_PANEL) / parts.count
        let panels = (first.rows + share - 1) / share
        func form(of part: StoredMatrix) -> mix_packed_matrix {
            var stored = part.stored
            return mix_packed_form(
                &stored, part.packedType(roundsToBFloat16: roundsToBFloat16), part.columns, panels)
        }
        let matrix = form(of: first)
        for part in parts {
            precondition(
                part.rows == first.rows && form(of: part).hasForm(of: matrix), "parts of one matrix differ in form")
        }
        self.parts = parts
        self.matrix = matrix
        self.share = share
        if first.columnStride > first.rowStride {
            rowsPerPiece = 0
            pieceCount = panels == 0 ? 0 : matrix.segmentCount
        } else {
            var rows = share
            let least = Self.leastRows * (first.type == .float8E4M3 ? 2 : 1)
            while rows > least, rows * first.columns * first.type.size > Self.pieceBytes { rows /= 2 }
            rowsPerPiece = rows
            pieceCount = panels * (share / rows)
        }
    }

    /// Bytes of all panels.
    var byteCount: Int { matrix.panels * matrix.panel_bytes }

    /// Bytes of memory that packing any piece from a file needs.
    var copyByteCount: Int {
        (0..<min(pieceCount, 2)).reduce(0) { most, piece in
            parts.reduce(most) { max($0, view(of: $1, piece).copyByteCount) }
        }
    }

    /// Packs a piece from where it lies.
    func pack(_ piece: Int) {
        for part in parts.indices { pack(view(of: parts[part], piece), part, piece) }
    }

    /// Packs a piece by way of a copy, of at most `copyByteCount` bytes, where it lies in a file.
    func pack(_ piece: Int, through memory: UnsafeMutableRawPointer) throws(MoEError) {
        for part in parts.indices {
            pack(try view(of: parts[part], piece).copy(into: memory), part, piece)
        }
    }

    private func view(of part: StoredMatrix, _ piece: Int) -> StoredMatrix {
        if rowsPerPiece == 0 { return part.columns(matrix.inputs(ofSegment: piece)) }
        let first = firstRow(of: piece)
        return part.rows(min(part.rows, first)..<min(part.rows, first + rowsPerPiece))
    }

    private func firstRow(of piece: Int) -> Int {
        let (panel, rest) = piece.quotientAndRemainder(dividingBy: share / rowsPerPiece)
        return panel * share + rest * rowsPerPiece
    }

    private func pack(_ view: StoredMatrix, _ part: Int, _ piece: Int) {
        var matrix = matrix
        guard rowsPerPiece == 0 else {
            var stored = view.stored
            let (panel, lane) = firstRow(of: piece).quotientAndRemainder(dividingBy: share)
            mix_pack(&matrix, panel, part * share + lane, &stored, view.rows, 0, matrix.inputs)
            return
        }
        let inputs = matrix.inputs(ofSegment: piece)
        for panel in 0..<matrix.panels {
            var stored = view.rows(panel * share..<min(view.rows, (panel + 1) * share)).stored
            let rows = min(share, view.rows - panel * share)
            mix_pack(&matrix, panel, part * share, &stored, rows, inputs.lowerBound, inputs.count)
        }
    }
}

extension mix_packed_matrix {
    /// Whether memory for one is memory for the other.
    func hasForm(of other: mix_packed_matrix) -> Bool {
        type == other.type && inputs == other.inputs && panels == other.panels && block == other.block
            && offset == other.offset
    }

    fileprivate var segmentCount: Int { inputs == 0 ? 0 : (offset + inputs + block - 1) / block }

    fileprivate func inputs(ofSegment index: Int) -> Range<Int> {
        max(0, index * block - offset)..<min(inputs, (index + 1) * block - offset)
    }
}
