import MixCollectives
import MixMoE

// Loops over the elements of one head or row. Their callers know that there are `count` elements.

/// Σ aᵢ bᵢ.
func dot<Element: DecoderElement>(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Element>, _ count: Int) -> Float {
    var sums = SIMD16<Float>.zero
    var index = 0
    while index + 16 <= count {
        sums += Float.sixteen(at: a + index) * Element.sixteen(at: b + index)
        index += 16
    }
    var sum = sums.sum()
    while index < count {
        sum += a[index] * b[index].float
        index += 1
    }
    return sum
}

/// yᵢ += scale · xᵢ.
func add<Element: DecoderElement>(
    _ x: UnsafePointer<Element>, times scale: Float, to y: UnsafeMutablePointer<Float>, _ count: Int
) {
    var index = 0
    while index + 16 <= count {
        let sum = Float.sixteen(at: y + index) + scale * Element.sixteen(at: x + index)
        UnsafeMutableRawPointer(y + index).storeBytes(of: sum, as: SIMD16<Float>.self)
        index += 16
    }
    while index < count {
        y[index] += scale * x[index].float
        index += 1
    }
}

/// yᵢ = xᵢ, rounded.
func store<Element: DecoderElement>(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Element>, _ count: Int) {
    for index in 0..<count { y[index] = Element(x[index]) }
}

extension Array where Element: DecoderElement {
    /// Makes room for `count` elements, and keeps more.
    mutating func reserve(_ count: Int) {
        if self.count < count { self = Array(repeating: Element(0), count: count + count / 4) }
    }
}
