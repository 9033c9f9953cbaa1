internal import MixPlanner

/// A dense block of a decoder, down(silu(gate(x)) · up(x)), or one rank's part of its inner width.
public final class GatedMLP {
    /// Elements of a row.
    public let hidden: Int
    private let bank: ExpertBank
    private var rowNumbers: [Int32] = []

    /// Reads `PREFIXgate_proj.weight`, `up_proj` and `down_proj`, or some of their width.
    ///
    /// - Parameters:
    ///   - weights: where they are read.
    ///   - prefix: what the names of the tensors begin with, with the last dot.
    ///   - width: the whole inner width.
    ///   - part: the inner elements to keep; nil for all. Results of parts are summands of the whole.
    ///   - team: multiplies. One caller at a time uses all that share it.
    ///   - form: how weights are kept.
    /// - Throws: ``MoEError``, naming file and tensor.
    public init(
        _ weights: ModelWeights, prefix: String, width: Int, part: Range<Int>? = nil, team: ThreadTeam,
        form: MoELayerOptions.Weights = .stored
    ) throws(MoEError) {
        hidden = weights.spec.hidden
        let (source, part) = (weights.source, part ?? 0..<width)
        let whole = try source.gated(prefix, width: width, hidden: hidden)
        let own = GatedWeights(
            gate: whole.gate.rows(part), up: whole.up.rows(part), down: whole.down.columns(part))
        bank = ExpertBank(
            hidden: hidden, activation: .silu, widths: [part.count], team: team, roundsToBFloat16: form == .bfloat16)
        try bank.load([own], from: source)
    }

    /// Sets y [rows, hidden] to the block's result of x [rows, hidden]. Both may be longer.
    ///
    /// - Complexity: reads the weights once for 256 rows. After the first calls of a size a call allocates nothing.
    public func forward<Element: ExpertElement>(
        _ x: Span<Element>, rows: Int, into y: inout MutableSpan<Element>
    ) {
        precondition(rows >= 0 && x.count >= rows * hidden && y.count >= rows * hidden)
        guard rows > 0 else { return }
        if rowNumbers.count > rows { rowNumbers.removeLast(rowNumbers.count - rows) }
        while rowNumbers.count < rows { rowNumbers.append(Int32(rowNumbers.count)) }
        x.withUnsafeBufferPointer { x in
            // Long enough for all rows, as was just asked.
            y.withUnsafeMutableBufferPointer { y in
                bank.forward(
                    rows: x.baseAddress!, choiceRows: rowNumbers, choiceScales: nil,
                    runs: [(slot: 0, choices: 0..<rows)], into: y.baseAddress!)
            }
        }
    }
}
