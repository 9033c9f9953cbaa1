/// A bfloat16 number: the upper half of a float32.
public struct BFloat16: BitwiseCopyable, Sendable, Hashable {
    /// Sign, 8 exponent bits, 7 mantissa bits.
    public var bitPattern: UInt16

    /// The value of these bits.
    @inlinable public init(bitPattern: UInt16) { self.bitPattern = bitPattern }

    /// The nearest bfloat16, ties to even; NaN stays NaN.
    @inlinable public init(_ value: Float) {
        let bits = value.bitPattern
        if value.isNaN {
            bitPattern = UInt16(truncatingIfNeeded: bits >> 16) | 0x40
        } else {
            bitPattern = UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ ((bits >> 16) & 1)) >> 16)
        }
    }
}

extension Float {
    /// The same value: every bfloat16 is a float32.
    @inlinable public init(_ value: BFloat16) { self.init(bitPattern: UInt32(value.bitPattern) << 16) }
}
