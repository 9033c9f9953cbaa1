internal import MixPlanner

/// Weights of no model, of the right shapes and types, for benchmarks: windows of one pool of random numbers, so that they
/// take no memory before they are packed. A tensor is the same on all ranks, whatever else each has asked for.
final class RandomWeights: WeightSource {
    private struct Pool {
        let type: StoredType
        let base: UnsafeMutableRawPointer
    }

    private let plain: Pool
    /// What experts and projections are stored in, where that is fp8.
    private let quantized: Pool?
    private let scale: UnsafeMutablePointer<Float>
    private let seed: UInt64
    private let counter = ByteCounter()
    private static let elements = 1 << 22
    /// Enough for as many inputs as a window can have.
    private static let scaleCount = elements / 128

    init(_ spec: ModelSpec, seed: UInt64) {
        self.seed = seed
        var generator = SplitMix64(state: seed)
        let type: StoredType =
            switch spec.weights.plain {
            case .float32: .float32
            case .float16: .float16
            default: .bfloat16
            }
        plain = Self.pool(of: type, &generator)
        quantized = spec.weights.quantization?.format == .float8 ? Self.pool(of: .float8E4M3, &generator) : nil
        scale = .allocate(capacity: Self.scaleCount)
        scale.initialize(repeating: 1 / 16, count: Self.scaleCount)
    }

    /// Numbers about as large as weights are: results neither vanish nor explode over two products.
    private static func pool(of type: StoredType, _ generator: inout SplitMix64) -> Pool {
        let pool = UnsafeMutableRawPointer.allocate(byteCount: elements * type.size, alignment: 64)
        for index in 0..<elements {
            let value = Float.random(in: -0.05...0.05, using: &generator)
            switch type {
            case .float32: pool.storeBytes(of: value, toByteOffset: 4 * index, as: Float.self)
            case .float16:
                pool.storeBytes(
                    of: UInt16(truncatingIfNeeded: generator.next()) & 0x83ff | 0x2000, toByteOffset: 2 * index,
                    as: UInt16.self)
            case .bfloat16:
                pool.storeBytes(of: UInt16(value.bitPattern >> 16), toByteOffset: 2 * index, as: UInt16.self)
            default:
                // Any code but NaN, below 2.
                let code = UInt8(truncatingIfNeeded: generator.next()) & 0xbf
                pool.storeBytes(of: code, toByteOffset: index, as: UInt8.self)
            }
        }
        return Pool(type: type, base: pool)
    }

    deinit {
        plain.base.deallocate()
        quantized?.base.deallocate()
        scale.deallocate()
    }

    var configJSON: [UInt8] { [] }

    func contains(_ name: String) -> Bool { true }

    func matrix(named name: String, expecting shape: [Int]) -> StoredMatrix {
        window(name, rows: shape[0], columns: shape[1])
    }

    func matrix(
        named name: String, expert: Int, expecting shape: [Int], outputs: Checkpoint.FusedOutputs
    ) -> StoredMatrix {
        window("\(name) \(expert) \(outputs)", rows: outputs == .all ? shape[2] : shape[2] / 2, columns: shape[1])
    }

    private func generator(_ name: String) -> SplitMix64 {
        SplitMix64(state: name.utf8.reduce(seed) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
    }

    private func window(_ name: String, rows: Int, columns: Int) -> StoredMatrix {
        let isQuantized = name.contains("_proj") || name.contains(".experts.")
        let pool = isQuantized ? quantized ?? plain : plain
        let stride = max(1, (Self.elements - columns - 64) / rows)
        var generator = generator(name)
        let first = Int(generator.next() % 64)
        return StoredMatrix(
            base: pool.base + first * pool.type.size, type: pool.type, rows: rows, columns: columns, rowStride: stride,
            columnStride: 1,
            // All rows of blocks share one row of scales.
            scales: pool.type == .float8E4M3 ? StoredMatrix.Scales(base: scale, type: .float32, stride: 0) : nil)
    }

    func vector(named name: String, count: Int) -> [Float] {
        var generator = generator(name)
        return (0..<count).map { _ in Float.random(in: -0.01...0.01, using: &generator) }
    }

    func vector(named name: String, row: Int, of rows: Int, count: Int) -> [Float] {
        vector(named: "\(name) \(row)", count: count)
    }

    var bytesRead: Int { counter.count }

    func willRead(_ matrix: StoredMatrix) { counter.add(matrix.byteCount) }

    func didRead(_ matrix: StoredMatrix) {}
}
