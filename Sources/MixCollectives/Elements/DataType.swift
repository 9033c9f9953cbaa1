internal import CMixKernels

/// The element types that collectives move and reduce.
public enum DataType: UInt8, Sendable, Hashable, CaseIterable {
    case float32, float64, float16, bfloat16, int8, int32, int64, uint8, float8E4M3

    /// Bytes of one element.
    @inlinable public var size: Int {
        switch self {
        case .int8, .uint8, .float8E4M3: 1
        case .float16, .bfloat16: 2
        case .float32, .int32: 4
        case .float64, .int64: 8
        }
    }

    /// Whether elements can be reduced; `float8E4M3` is a payload only.
    @inlinable public var isReducible: Bool { self != .float8E4M3 }

    /// Whether rows of it can be dispatched and combined.
    var isFusable: Bool { self == .float32 || self == .bfloat16 || self == .float16 }

    /// The short name used on command lines: `f32`, `f64`, `f16`, `bf16`, `i8`, `i32`, `i64`, `u8`, `f8e4m3`.
    public var name: String {
        switch self {
        case .float32: "f32"
        case .float64: "f64"
        case .float16: "f16"
        case .bfloat16: "bf16"
        case .int8: "i8"
        case .int32: "i32"
        case .int64: "i64"
        case .uint8: "u8"
        case .float8E4M3: "f8e4m3"
        }
    }

    /// The type with this short name, if there is one.
    public init?(name: String) {
        guard let match = DataType.allCases.first(where: { $0.name == name }) else { return nil }
        self = match
    }

    // The raw values are those of `mix_type`, so that a header in shared memory and a kernel agree.
    var kernelType: mix_type { mix_type(UInt32(rawValue)) }
}
