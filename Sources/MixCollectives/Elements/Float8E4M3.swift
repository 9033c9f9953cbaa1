/// An 8-bit float with 4 exponent and 3 mantissa bits, without infinities (OCP OFP8 E4M3): a payload
/// type, which collectives move and never reduce.
public struct Float8E4M3: BitwiseCopyable, Sendable, Hashable {
    /// Sign, 4 exponent bits, 3 mantissa bits.
    public var bitPattern: UInt8

    /// The value of these bits.
    @inlinable public init(bitPattern: UInt8) { self.bitPattern = bitPattern }
}
