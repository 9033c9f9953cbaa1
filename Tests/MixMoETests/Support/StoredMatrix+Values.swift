@testable import MixMoE

extension StoredMatrix {
    /// Every weight, read one by one.
    var values: [Float] {
        (0..<rows).flatMap { row in (0..<columns).map { column in value(row, column) } }
    }

    func value(_ row: Int, _ column: Int) -> Float {
        let weight = Self.float(at: base + (row * rowStride + column * columnStride) * type.size, type)
        guard let scales else { return weight }
        let block =
            (scales.firstRow + row) / scales.block * scales.stride + (scales.firstColumn + column) / scales.block
        return weight * Self.float(at: scales.base + block * scales.type.size, scales.type)
    }

    private static func float(at address: UnsafeRawPointer, _ type: StoredType) -> Float {
        switch type {
        case .float32: Float(bitPattern: address.loadUnaligned(as: UInt32.self))
        case .float16: Float(Float16(bitPattern: address.loadUnaligned(as: UInt16.self)))
        case .bfloat16: Float(bitPattern: UInt32(address.loadUnaligned(as: UInt16.self)) << 16)
        case .float8E4M3: MixMoETests.float(e4m3: address.load(as: UInt8.self))
        default: fatalError("weights of \(type)")
        }
    }
}
