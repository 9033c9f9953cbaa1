import MixCollectives

@testable import MixMoE

/// How a matrix lies in memory.
enum Layout: CaseIterable {
    case rows, columns
    /// Every second column of a matrix of columns.
    case everySecondColumn
    /// Behind other columns of the same row.
    case wideRows
}

/// Random weights as a checkpoint stores them, and what they are worth.
final class StoredWeights {
    let matrix: StoredMatrix
    private let bytes: UnsafeMutableRawPointer
    private let scales: UnsafeMutableRawPointer?

    /// - Parameter origin: where the matrix begins inside of blocks of scales.
    init(
        _ type: StoredType, rows: Int, columns: Int, layout: Layout = .rows, origin: (row: Int, column: Int) = (0, 0),
        scaleType: StoredType = .float32, magnitude: Float = 1, random: inout some RandomNumberGenerator
    ) {
        let (rowStride, columnStride): (Int, Int) =
            switch layout {
            case .rows: (columns, 1)
            case .wideRows: (columns + 3, 1)
            case .columns: (1, rows)
            case .everySecondColumn: (2, 2 * rows)
            }
        let count = max(1, (max(rows, 1) - 1) * rowStride + (max(columns, 1) - 1) * columnStride + 1)
        bytes = .allocate(byteCount: count * type.size, alignment: 64)
        for index in 0..<count {
            let value = Float.random(in: -magnitude...magnitude, using: &random)
            let place = bytes + index * type.size
            switch type {
            case .float32: place.storeBytes(of: value, as: Float.self)
            case .bfloat16: place.storeBytes(of: BFloat16(value).bitPattern, as: UInt16.self)
            case .float16: place.storeBytes(of: Float16(value).bitPattern, as: UInt16.self)
            // All codes but NaN, subnormals among them.
            default:
                place.storeBytes(
                    of: UInt8.random(in: 0..<127, using: &random) | (Bool.random(using: &random) ? 128 : 0),
                    as: UInt8.self)
            }
        }
        var view = StoredMatrix(
            base: bytes, type: type, rows: rows, columns: columns, rowStride: rowStride, columnStride: columnStride,
            scales: nil)
        if type == .float8E4M3 {
            let block = 128
            let stride = (origin.column + columns + block - 1) / block
            let count = max(1, (origin.row + rows + block - 1) / block * stride)
            let memory = UnsafeMutableRawPointer.allocate(byteCount: count * 4, alignment: 64)
            for index in 0..<count {
                let scale = Float.random(in: 0.001...0.004, using: &random) * magnitude
                if scaleType == .float32 {
                    memory.storeBytes(of: scale, toByteOffset: index * 4, as: Float.self)
                } else {
                    memory.storeBytes(of: BFloat16(scale).bitPattern, toByteOffset: index * 2, as: UInt16.self)
                }
            }
            view.scales = StoredMatrix.Scales(
                base: UnsafeRawPointer(memory), type: scaleType, stride: stride, block: block, firstRow: origin.row,
                firstColumn: origin.column)
            scales = memory
        } else {
            scales = nil
        }
        matrix = view
    }

    deinit {
        bytes.deallocate()
        scales?.deallocate()
    }
}

extension StoredMatrix {
    /// What element (row, column) is worth.
    func value(_ row: Int, _ column: Int) -> Double {
        let place = base + (row * rowStride + column * columnStride) * type.size
        switch type {
        case .float32: return Double(place.loadUnaligned(as: Float.self))
        case .bfloat16: return Double(Float(BFloat16(bitPattern: place.loadUnaligned(as: UInt16.self))))
        case .float16: return Double(Float16(bitPattern: place.loadUnaligned(as: UInt16.self)))
        default:
            let code = place.load(as: UInt8.self)
            let magnitude = Int(code & 127)
            let fraction = Double(magnitude % 8) / 8
            var value =
                magnitude < 8
                ? fraction / 64 : (1 + fraction) * Double(sign: .plus, exponent: magnitude / 8 - 7, significand: 1)
            if magnitude == 127 { value = .nan }
            guard let scales else { return code < 128 ? value : -value }
            let block =
                (scales.firstRow + row) / scales.block * scales.stride + (scales.firstColumn + column) / scales.block
            let scale: Float =
                scales.type == .float32
                ? scales.base.loadUnaligned(fromByteOffset: block * 4, as: Float.self)
                : Float(BFloat16(bitPattern: scales.base.loadUnaligned(fromByteOffset: block * 2, as: UInt16.self)))
            return (code < 128 ? value : -value) * Double(scale)
        }
    }

    /// Σ x[column] · element (row, column).
    func product(_ row: Int, _ x: [Double]) -> Double {
        var sum = 0.0
        for column in 0..<columns { sum += x[column] * value(row, column) }
        return sum
    }
}
