import MixCollectives
import MixMoE

/// What rows between products and cached keys and values are made of: `Float` or `BFloat16`. Arithmetic is of float32.
protocol DecoderElement: ExpertElement {
    /// Sixteen elements from here on.
    static func sixteen(at pointer: UnsafePointer<Self>) -> SIMD16<Float>
}

extension Float: DecoderElement {
    static func sixteen(at pointer: UnsafePointer<Float>) -> SIMD16<Float> {
        UnsafeRawPointer(pointer).loadUnaligned(as: SIMD16<Float>.self)
    }
}

extension BFloat16: DecoderElement {
    static func sixteen(at pointer: UnsafePointer<BFloat16>) -> SIMD16<Float> {
        let halves = UnsafeRawPointer(pointer).loadUnaligned(as: SIMD16<UInt16>.self)
        return unsafeBitCast(SIMD16<UInt32>(truncatingIfNeeded: halves) &<< 16, to: SIMD16<Float>.self)
    }
}
