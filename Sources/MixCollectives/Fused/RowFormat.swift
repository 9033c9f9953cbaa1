internal import CMixKernels

/// How a run of a row's elements lies in a message.
struct RowFormat {
    enum Kind { case same, bfloat16, float8 }

    /// The type of the rows in memory.
    let type: DataType
    let kind: Kind

    init(_ type: DataType, _ format: DispatchOptions.WireFormat) {
        self.type = type
        kind =
            switch format {
            case .input: .same
            case .bfloat16: type == .bfloat16 ? .same : .bfloat16
            case .float8: .float8
            }
    }

    /// The type of the elements in a message, as far as kernels read them.
    var wireType: DataType { kind == .same ? type : .bfloat16 }

    func bytes(_ elements: Int) -> Int {
        switch kind {
        case .same: elements * type.size
        case .bfloat16: elements * 2
        case .float8: Self.scalesOffset(elements) + Self.scaleCount(elements) * 4
        }
    }

    /// From a row in memory to a message. `wide` has room for the elements in float32.
    func pack(
        _ source: UnsafeRawPointer, to message: UnsafeMutableRawPointer, _ count: Int, wide: UnsafeMutablePointer<Float>
    ) {
        guard kind != .same else { return message.copyMemory(from: source, byteCount: count * type.size) }
        narrow(Self.widen(source, type, count, wide), to: message, count)
    }

    /// From float32 to a message.
    func narrow(_ source: UnsafePointer<Float>, to message: UnsafeMutableRawPointer, _ count: Int) {
        switch kind {
        case .same: Self.store(source, to: message, type, count)
        case .bfloat16: Self.store(source, to: message, .bfloat16, count)
        case .float8:
            mix_quantize_f8e4m3(
                message.assumingMemoryBound(to: UInt8.self),
                (message + Self.scalesOffset(count)).assumingMemoryBound(to: Float.self), source, count)
        }
    }

    /// From a message to a row in memory.
    func unpack(
        _ message: UnsafeRawPointer, to destination: UnsafeMutableRawPointer, _ count: Int,
        wide: UnsafeMutablePointer<Float>
    ) {
        switch kind {
        case .same: destination.copyMemory(from: message, byteCount: count * type.size)
        case .bfloat16: Self.store(Self.widen(message, .bfloat16, count, wide), to: destination, type, count)
        case .float8:
            mix_dequantize_f8e4m3(
                wide, message.assumingMemoryBound(to: UInt8.self),
                (message + Self.scalesOffset(count)).assumingMemoryBound(to: Float.self), count)
            Self.store(wide, to: destination, type, count)
        }
    }

    /// float32 of what is at `source`: there, if it is float32 already, else in `wide`.
    static func widen(
        _ source: UnsafeRawPointer, _ type: DataType, _ count: Int, _ wide: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> {
        switch type {
        case .bfloat16: mix_convert_bf16_to_f32(wide, source.assumingMemoryBound(to: UInt16.self), count)
        case .float16: mix_convert_f16_to_f32(wide, source.assumingMemoryBound(to: UInt16.self), count)
        default: return source.assumingMemoryBound(to: Float.self)
        }
        return UnsafePointer(wide)
    }

    /// Rounds float32 to `type`.
    static func store(
        _ source: UnsafePointer<Float>, to destination: UnsafeMutableRawPointer, _ type: DataType, _ count: Int
    ) {
        switch type {
        case .bfloat16: mix_convert_f32_to_bf16(destination.assumingMemoryBound(to: UInt16.self), source, count)
        case .float16: mix_convert_f32_to_f16(destination.assumingMemoryBound(to: UInt16.self), source, count)
        default: destination.copyMemory(from: source, byteCount: count * 4)
        }
    }

    private static func scaleCount(_ elements: Int) -> Int {
        (elements + Int(MIX_SCALE_BLOCK) - 1) / Int(MIX_SCALE_BLOCK)
    }

    private static func scalesOffset(_ elements: Int) -> Int { (elements + 3) & ~3 }
}
