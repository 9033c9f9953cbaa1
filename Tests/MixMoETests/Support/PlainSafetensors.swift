import MixTestSupport
import Foundation

/// A safetensors file read whole, by Foundation's JSON and nothing of the library: what the library is compared with.
struct PlainSafetensors {
    struct Tensor {
        var type: String
        var shape: [Int]
        var bytes: Data

        /// The elements, widened.
        var floats: [Float] {
            switch type {
            case "F32": words(UInt32.self).map { Float(bitPattern: $0) }
            case "BF16": words(UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
            case "F16": words(UInt16.self).map { Float(Float16(bitPattern: $0)) }
            case "F8_E4M3": bytes.map(float(e4m3:))
            default: fatalError("floats of \(type)")
            }
        }

        private func words<Word: FixedWidthInteger>(_: Word.Type) -> [Word] {
            let size = MemoryLayout<Word>.size
            return bytes.withUnsafeBytes { bytes in
                (0..<bytes.count / size).map {
                    Word(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * size, as: Word.self))
                }
            }
        }
    }

    let tensors: [String: Tensor]

    init(_ path: String) throws {
        let file = try Data(contentsOf: URL(filePath: path))
        let start = 8 + file.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        guard let header = try JSONSerialization.jsonObject(with: file[8..<start]) as? [String: [String: Any]] else {
            throw Wrong("\(path) has no header")
        }
        tensors = try header.filter { $0.key != "__metadata__" }.mapValues { entry in
            guard let type = entry["dtype"] as? String, let shape = entry["shape"] as? [Int],
                let offsets = entry["data_offsets"] as? [Int]
            else { throw Wrong("\(path): \(entry)") }
            return Tensor(type: type, shape: shape, bytes: file[start + offsets[0]..<start + offsets[1]])
        }
    }
}

/// The value of 8 bits: 4 of exponent with bias 7, 3 of mantissa, no infinities, NaN where all but the sign are set.
func float(e4m3 bits: UInt8) -> Float {
    let exponent = Int(bits >> 3 & 15)
    let mantissa = Float(bits & 7) / 8
    let sign: Float = bits & 0x80 == 0 ? 1 : -1
    if bits & 0x7f == 0x7f { return .nan }
    return sign
        * (exponent == 0
            ? mantissa * 0x1p-6 : (1 + mantissa) * Float(sign: .plus, exponent: exponent - 7, significand: 1))
}
