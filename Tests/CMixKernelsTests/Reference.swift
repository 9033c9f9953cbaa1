import CMixKernels

// What generic is tested against: arithmetic of Swift, and searches that are slow but plainly right.

func minimum<T: BinaryFloatingPoint>(_ a: T, _ b: T) -> T {
    if a.isNaN || b.isNaN { return .nan }
    if a == b { return a.sign == .minus ? a : b }
    return a < b ? a : b
}

func maximum<T: BinaryFloatingPoint>(_ a: T, _ b: T) -> T { -minimum(-a, -b) }

func reduced<T: BinaryFloatingPoint>(
    _ values: [T], _ reduction: mix_reduction, divisor: UInt32
) -> T {
    let rest = values.dropFirst()
    switch reduction {
    case MIX_REDUCTION_PRODUCT: return rest.reduce(values[0], *)
    case MIX_REDUCTION_MIN: return rest.reduce(values[0], minimum)
    case MIX_REDUCTION_MAX: return rest.reduce(values[0], maximum)
    case MIX_REDUCTION_AVERAGE: return rest.reduce(values[0], +) / T(divisor)
    default: return rest.reduce(values[0], +)
    }
}

func reduced<T: FixedWidthInteger>(
    _ values: [T], _ reduction: mix_reduction, divisor: UInt32
) -> T {
    let rest = values.dropFirst()
    switch reduction {
    case MIX_REDUCTION_PRODUCT: return rest.reduce(values[0], &*)
    case MIX_REDUCTION_MIN: return rest.reduce(values[0], min)
    case MIX_REDUCTION_MAX: return rest.reduce(values[0], max)
    case MIX_REDUCTION_AVERAGE:
        let sum = rest.reduce(Int64(values[0])) { $0 &+ Int64($1) }
        return T(truncatingIfNeeded: sum / Int64(divisor))
    default: return rest.reduce(values[0], &+)
    }
}

func float(bfloat16 bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

/// The nearer of the two bfloat16 around `value`; the even one of two equally near.
func bfloat16(_ value: Float) -> UInt16 {
    if value.isNaN { return 0x7fc0 }
    let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
    if value.isInfinite { return sign | 0x7f80 }
    let magnitude = Double(value.magnitude)
    let below = UInt16(truncatingIfNeeded: value.magnitude.bitPattern >> 16)
    let above = below + 1
    // Infinity stands where the next number would be.
    let upper = above == 0x7f80 ? 0x1p128 : Double(float(bfloat16: above))
    let down = magnitude - Double(float(bfloat16: below))
    let up = upper - magnitude
    if down == up { return sign | (below % 2 == 0 ? below : above) }
    return sign | (down < up ? below : above)
}

/// The value of an e4m3, from its definition: 1.mmm × 2^(e - 7), or 0.mmm × 2^-6 where e is 0.
func float(e4m3 bits: UInt8) -> Float {
    let exponent = Int(bits >> 3 & 0xf)
    let mantissa = Float(bits & 7) / 8
    if bits & 0x7f == 0x7f { return .nan }
    let magnitude =
        exponent == 0
        ? mantissa * 0x1p-6
        : (1 + mantissa) * Float(sign: .plus, exponent: exponent - 7, significand: 1)
    return bits & 0x80 != 0 ? -magnitude : magnitude
}

private let e4m3Magnitudes = (0..<UInt8(0x7f)).map { Double(float(e4m3: $0)) }

/// The nearest of all e4m3 numbers; the even one of two equally near.
func e4m3(_ value: Float) -> UInt8 {
    if value.isNaN { return 0x7f }
    let sign: UInt8 = value.sign == .minus ? 0x80 : 0
    let magnitude = Double(value.magnitude)
    if magnitude >= 448 { return sign | 0x7e }
    let above = e4m3Magnitudes.firstIndex { $0 >= magnitude }!
    if above == 0 { return sign }
    let down = magnitude - e4m3Magnitudes[above - 1]
    let up = e4m3Magnitudes[above] - magnitude
    let nearest = down == up ? (above % 2 == 0 ? above : above - 1) : down < up ? above - 1 : above
    return sign | UInt8(nearest)
}
