extension StoredTensor {
    /// All elements as float32: of float types, float64 rounded.
    ///
    /// - Throws: ``MoEError/Code/unsupportedType`` for other types.
    public func floats() throws(MoEError) -> [Float] {
        let bytes = self.bytes
        switch type {
        case .float32: return values(bytes) { (bits: UInt32) in Float(bitPattern: bits) }
        case .float64: return values(bytes) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
        case .float16: return values(bytes) { (bits: UInt16) in Float(Float16(bitPattern: bits)) }
        case .bfloat16: return values(bytes) { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
        default: throw wrong(.unsupportedType, "\(type.rawValue) is no type of floating-point numbers for arrays")
        }
    }

    /// All elements as whole numbers: of I64, I32 and U8.
    ///
    /// - Throws: ``MoEError/Code/unsupportedType`` for other types.
    public func integers() throws(MoEError) -> [Int64] {
        let bytes = self.bytes
        switch type {
        case .int64: return values(bytes) { (value: Int64) in value }
        case .int32: return values(bytes) { (value: Int32) in Int64(value) }
        case .uint8: return values(bytes) { (value: UInt8) in Int64(value) }
        default: throw wrong(.unsupportedType, "\(type.rawValue) is not read as whole numbers; I64, I32 and U8 are")
        }
    }

    /// In a file nothing is aligned.
    private func values<Bits: FixedWidthInteger & BitwiseCopyable, Value>(
        _ bytes: RawSpan, _ value: (Bits) -> Value
    ) -> [Value] {
        let size = MemoryLayout<Bits>.size
        return (0..<bytes.byteCount / size).map { index in
            value(Bits(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index * size, as: Bits.self)))
        }
    }
}

extension SafetensorsFile {
    /// The elements of a tensor; see ``StoredTensor/floats()``.
    public func floats(named name: String) throws(MoEError) -> [Float] { try tensor(named: name).floats() }

    /// The elements of a tensor; see ``StoredTensor/integers()``.
    public func integers(named name: String) throws(MoEError) -> [Int64] { try tensor(named: name).integers() }
}
