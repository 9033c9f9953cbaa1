import MixCollectives

extension ExpertBank {
    /// Gives a slot random weights that let sums stay about as large as what goes in, without a checkpoint: for measurements.
    ///
    /// - Parameters:
    ///   - index: the slot, from 0.
    ///   - type: float32, bfloat16, float16 or float8E4M3.
    ///   - seed: the same seed gives the same weights.
    public func fill(slot index: Int, with type: StoredType, seed: UInt64) {
        let width = slots[index].width
        // Rows begin a few elements after each other in one row of random numbers: a matrix for the memory of one row.
        let step = 61
        let pool = WeightPool(type, count: max(width, hidden) * (step + 1), seed: seed)
        let gate = pool.matrix(rows: width, columns: hidden, rowStride: step, first: 0)
        let up = pool.matrix(rows: width, columns: hidden, rowStride: step, first: step / 3)
        let down = pool.matrix(rows: hidden, columns: width, rowStride: step, first: 2 * step / 3)
        load(slot: index, gate: gate, up: up, down: down)
        pool.deallocate()
    }
}

/// Random numbers of a type, of which matrices are windows.
private struct WeightPool {
    private let type: StoredType
    private let base: UnsafeMutableRawPointer
    private let scales: UnsafeMutablePointer<Float>
    private let scaleCount: Int
    private var state: UInt64

    init(_ type: StoredType, count: Int, seed: UInt64) {
        self.type = type
        state = seed
        base = .allocate(byteCount: (count + 64) * type.size, alignment: 64)
        scaleCount = count / 128 + 1
        scales = .allocate(capacity: scaleCount)
        for index in 0..<count + 64 {
            let place = base + index * type.size
            // Uniform, with the variance of 1 for hidden states of some thousand elements.
            let value = (Float(next() >> 40) / Float(1 << 23) - 1) * 0.03
            switch type {
            case .float32: place.storeBytes(of: value, as: Float.self)
            case .bfloat16: place.storeBytes(of: BFloat16(value), as: BFloat16.self)
            case .float16:
                place.storeBytes(of: UInt16(next() >> 54) | (next() & 1 == 0 ? 0x8000 : 0) | 0x2400, as: UInt16.self)
            default: place.storeBytes(of: UInt8(next() >> 58) | (next() & 1 == 0 ? 0x80 : 0), as: UInt8.self)
            }
        }
        scales.initialize(repeating: 0.03, count: scaleCount)
    }

    func deallocate() {
        base.deallocate()
        scales.deallocate()
    }

    func matrix(rows: Int, columns: Int, rowStride: Int, first: Int) -> StoredMatrix {
        var matrix = StoredMatrix(
            base: base + first * type.size, type: type, rows: rows, columns: columns, rowStride: rowStride,
            columnStride: 1, scales: nil)
        // Every row of blocks has the same scales.
        if type == .float8E4M3 {
            matrix.scales = StoredMatrix.Scales(base: scales, type: .float32, stride: 0, block: 128)
        }
        return matrix
    }

    private mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
