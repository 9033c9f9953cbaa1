/// A table of vectors, one per token, that stays where the checkpoint has it: only rows that are looked up are read.
public final class Embedding {
    /// How many tokens there are.
    public let count: Int
    /// Elements of a vector.
    public let width: Int
    private let table: StoredMatrix
    /// Keeps the table mapped.
    private let source: any WeightSource

    /// The tensor `name` [count, width] of float32, float16 or bfloat16.
    ///
    /// - Throws: ``MoEError``, naming file and tensor.
    public init(_ weights: ModelWeights, named name: String, count: Int, width: Int) throws(MoEError) {
        table = try weights.source.matrix(named: name, expecting: [count, width])
        guard table.type != .float8E4M3 else {
            throw MoEError(.unsupportedType, "embeddings are F32, F16 or BF16", tensor: name)
        }
        source = weights.source
        self.count = count
        self.width = width
    }

    /// Sets the rows of `vectors` [tokens, width], or the first of them, to those of these tokens.
    public func read(_ tokens: [Int], into vectors: inout MutableSpan<Float>) {
        precondition(vectors.count >= tokens.count * width, "\(vectors.count) elements for \(tokens.count) rows")
        vectors.withUnsafeMutableBufferPointer { vectors in
            for (index, token) in tokens.enumerated() {
                precondition(token >= 0 && token < count, "token \(token) of \(count)")
                read(token, into: UnsafeMutableBufferPointer(rebasing: vectors[index * width..<(index + 1) * width]))
            }
        }
    }

    /// In a file nothing is aligned. The table has the row.
    private func read(_ token: Int, into vector: UnsafeMutableBufferPointer<Float>) {
        let row = table.base + token * table.rowStride * table.type.size
        switch table.type {
        case .float32:
            for index in 0..<width { vector[index] = row.loadUnaligned(fromByteOffset: 4 * index, as: Float.self) }
        case .float16:
            for index in 0..<width {
                vector[index] = Float(row.loadUnaligned(fromByteOffset: 2 * index, as: Float16.self))
            }
        default:
            for index in 0..<width {
                let bits = row.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                vector[index] = Float(bitPattern: UInt32(bits) << 16)
            }
        }
    }
}
