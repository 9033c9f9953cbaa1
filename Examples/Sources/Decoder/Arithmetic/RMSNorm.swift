import MixCollectives
import MixMoE

/// x / √(mean x² + ε) · weight.
struct RMSNorm {
    let weight: [Float]
    let epsilon: Float

    /// The norm with the tensor `name` [count].
    init(_ weights: ModelWeights, named name: String, count: Int, epsilon: Double) throws(MoEError) {
        weight = try weights.vector(named: name, count: count)
        self.epsilon = Float(epsilon)
    }

    /// Sets `y` to the norm of `x`, which may be `y`.
    func normalize<Element: DecoderElement>(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Element>) {
        let count = weight.count
        let scale = 1 / (dot(x, x, count) / Float(count) + epsilon).squareRoot()
        weight.withUnsafeBufferPointer { weight in
            for index in 0..<count { y[index] = Element(x[index] * scale * weight[index]) }
        }
    }

    /// Sets `y` [rows, count] to the norms of x's rows, and makes room for it.
    func normalize<Element: DecoderElement>(_ x: [Float], rows: Int, into y: inout [Element]) {
        y.reserve(rows * weight.count)
        var span = y.mutableSpan
        normalize(x.span, rows: rows, into: &span)
    }

    /// Sets the first rows of `y` to the norms of x's.
    func normalize<Element: DecoderElement>(_ x: [Float], rows: Int, into y: inout SharedBuffer<Element>) {
        var span = y.mutableSpan
        normalize(x.span, rows: rows, into: &span)
    }

    /// Sets the first rows of `y` to the norms of x's.
    func normalize<Element: DecoderElement>(_ x: Span<Float>, rows: Int, into y: inout MutableSpan<Element>) {
        let count = weight.count
        precondition(x.count >= rows * count && y.count >= rows * count)
        // Both have that many rows.
        x.withUnsafeBufferPointer { x in
            y.withUnsafeMutableBufferPointer { y in
                for row in 0..<rows { normalize(x.baseAddress! + row * count, into: y.baseAddress! + row * count) }
            }
        }
    }
}
