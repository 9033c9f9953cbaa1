extension Linear {
    /// Reads and packs a matrix, or this rank's part of one.
    ///
    /// - Parameters:
    ///   - weights: where the matrix is read.
    ///   - name: a tensor [outputs, inputs] of float32, float16, bfloat16, or float8 with scales.
    ///   - outputs: rows of the whole matrix.
    ///   - inputs: columns of the whole matrix.
    ///   - rows: the outputs to keep; nil for all.
    ///   - columns: the inputs to keep; nil for all. Products of parts are summands of the whole.
    ///   - bias: the name of a tensor [outputs], of which `rows` are kept; nil for none.
    ///   - team: multiplies. One caller at a time uses all that share it.
    ///   - form: how weights are kept.
    /// - Throws: ``MoEError``, naming file and tensor: it is missing, of another shape or
    ///   type, or can't be read.
    /// - Complexity: reads those rows and columns once; nothing else of the checkpoint.
    public convenience init(
        _ weights: ModelWeights, named name: String, outputs: Int, inputs: Int, rows: Range<Int>? = nil,
        columns: Range<Int>? = nil, bias: String? = nil, team: ThreadTeam, form: MoELayerOptions.Weights = .stored
    ) throws(MoEError) {
        let source = weights.source
        var matrix = try source.matrix(named: name, expecting: [outputs, inputs])
        if let rows { matrix = matrix.rows(rows) }
        if let columns { matrix = matrix.columns(columns) }
        var values: [Float]?
        if let bias {
            let whole = try source.vector(named: bias, count: outputs)
            values = Array(whole[rows ?? 0..<outputs])
        }
        try self.init(matrix, from: source, bias: values, team: team, roundsToBFloat16: form == .bfloat16)
    }

    /// Sets y [rows, outputs] to x [rows, inputs] Wᵀ + bias. Both may be longer.
    ///
    /// Sums are of float32, and rounded once if y is bfloat16. A row's result depends on no other row.
    ///
    /// - Complexity: reads the weights once for some hundred rows. After the first calls of a size a call allocates nothing.
    public func multiply<Element: ExpertElement, Result: ExpertElement>(
        _ x: Span<Element>, rows: Int, into y: inout MutableSpan<Result>
    ) {
        precondition(
            rows >= 0 && x.count >= rows * inputs && y.count >= rows * outputs,
            "\(rows) rows need [rows, \(inputs)] and [rows, \(outputs)]; there are \(x.count) and \(y.count) elements")
        guard rows > 0 else { return }
        x.withUnsafeBufferPointer { x in
            // Long enough for all rows, as was just asked.
            y.withUnsafeMutableBufferPointer { multiply(x.baseAddress!, rows: rows, into: $0.baseAddress!) }
        }
    }
}
