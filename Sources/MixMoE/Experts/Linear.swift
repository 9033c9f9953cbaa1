internal import CMixProducts

/// y = x Wᵀ + bias, with W packed once. For one caller at a time.
public final class Linear {
    /// Columns of W.
    public let inputs: Int
    /// Rows of W.
    public let outputs: Int
    private let team: ThreadTeam
    private var memory = WeightMemory()
    private var matrix: mix_packed_matrix
    /// [panels · 64], zeros behind the last output.
    private var bias: [Float] = []
    private var rowScratch = Scratch()
    private var sumScratch = Scratch()
    private var pass = LinearPass()

    /// Packs `weight`, which need not stay.
    init(_ weight: StoredMatrix, bias: [Float]? = nil, team: ThreadTeam, roundsToBFloat16: Bool = false) {
        inputs = weight.columns
        outputs = weight.rows
        self.team = team
        matrix = mix_packed_matrix([weight], roundsToBFloat16: roundsToBFloat16, into: &memory, reusing: nil, by: team)
        if let bias {
            precondition(bias.count == outputs)
            self.bias = bias + Array(repeating: 0, count: matrix.panels * Int(MIX_PANEL) - outputs)
        }
    }

    /// y [rows, outputs] = x [rows, inputs] Wᵀ + bias. Sums are of float32, and rounded once if y is bfloat16.
    ///
    /// - Parameter exactly: multiplies rows of bfloat16 in float32, too.
    func multiply<Element: ExpertElement, Result: ExpertElement>(
        _ x: UnsafePointer<Element>, rows: Int, into y: UnsafeMutablePointer<Result>, exactly: Bool = false
    ) {
        guard rows > 0 else { return }
        let operand =
            Element.operand == MIX_OPERAND_BF16 && !exactly ? mix_operand_for_bf16(matrix.type) : MIX_OPERAND_F32
        pass.operand = operand
        pass.input = UnsafeRawPointer(x)
        pass.inputStride = inputs * Element.operand.size
        if operand != Element.operand || !inputs.isMultiple(of: 2) {
            let padded = (inputs + 1) & ~1
            pass.inputStride = (padded * operand.size + 63) & ~63
            let copy = rowScratch.room(rows * pass.inputStride)
            for row in 0..<rows {
                mix_copy_row(
                    Element.operand, x + row * inputs, operand, copy + row * pass.inputStride, inputs, padded, nil)
            }
            pass.input = UnsafeRawPointer(copy)
        }
        pass.output = UnsafeMutableRawPointer(y)
        pass.outputType = Result.operand
        pass.outputs = outputs
        pass.rows = rows
        // Enough pieces of rows that every thread has something to do.
        let pieces = max((rows + ProductMemory.mostRows - 1) / ProductMemory.mostRows, 4 * team.threads / matrix.panels)
        pass.rowsPerPiece = max(6, (rows + pieces - 1) / pieces)
        pass.pieces = (rows + pass.rowsPerPiece - 1) / pass.rowsPerPiece
        pass.memory = ProductMemory(&sumScratch, threads: team.threads)
        pass.threads = team.threads
        pass.queue.reset()
        withUnsafeMutablePointer(to: &matrix) { matrix in
            bias.withUnsafeBufferPointer { bias in
                pass.matrix = UnsafePointer(matrix)
                pass.bias = bias.isEmpty ? nil : bias.baseAddress
                withUnsafeMutablePointer(to: &pass) { pass in
                    team.run({ $0!.assumingMemoryBound(to: LinearPass.self).work(member: Int($1)) }, pass)
                }
            }
        }
    }
}

/// One call of ``Linear``, as its threads see it.
private struct LinearPass: ~Copyable {
    var matrix: UnsafePointer<mix_packed_matrix>! = nil
    var bias: UnsafePointer<Float>?
    var operand = MIX_OPERAND_F32
    var input: UnsafeRawPointer! = nil
    var inputStride = 0
    var output: UnsafeMutableRawPointer! = nil
    var outputType = MIX_OPERAND_F32
    var outputs = 0
    var rows = 0
    var rowsPerPiece = 0
    var pieces = 0
    var threads = 1
    var memory: ProductMemory! = nil
    let queue = TaskQueue()
}

extension UnsafeMutablePointer<LinearPass> {
    fileprivate func work(member: Int) {
        let (matrix, panelWidth) = (pointee.matrix!, Int(MIX_PANEL))
        let sums = pointee.memory.sums(of: member)
        let total = matrix.pointee.panels * pointee.pieces
        let stride = pointee.outputs * pointee.outputType.size
        pointee.queue.forEach(of: total, members: pointee.threads) { task in
            let (panel, piece) = task.quotientAndRemainder(dividingBy: pointee.pieces)
            let row = piece * pointee.rowsPerPiece
            let rows = Swift.min(pointee.rowsPerPiece, pointee.rows - row)
            mix_multiply(
                matrix, panel, pointee.operand, pointee.input + row * pointee.inputStride, pointee.inputStride, rows,
                sums,
                pointee.memory.scratch(of: member))
            let lane = panel * panelWidth
            mix_store_sums(
                sums, rows, Swift.min(panelWidth, pointee.outputs - lane), pointee.bias.map { $0 + lane },
                pointee.outputType, pointee.output + row * stride + lane * pointee.outputType.size, stride)
        }
    }
}
