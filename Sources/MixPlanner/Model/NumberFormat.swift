/// How a number is stored or multiplied.
public enum NumberFormat: String, Sendable, Hashable, CaseIterable, Codable, CodingKeyRepresentable {
    /// IEEE 754 binary32.
    case float32
    /// IEEE 754 binary16.
    case float16
    /// The upper half of a binary32.
    case bfloat16
    /// 8 bits, e4m3 without infinities. Scales are counted apart, see ``WeightFormat``.
    case float8
    /// 4 bits, e2m1. Scales are counted apart, see ``WeightFormat``.
    case float4

    /// Bytes per number.
    public var bytes: Double {
        switch self {
        case .float32: 4
        case .float16, .bfloat16: 2
        case .float8: 1
        case .float4: 0.5
        }
    }
}
