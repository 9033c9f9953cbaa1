import MixCollectives

/// An element type whose values a test can make, and reduce in the plainest way there is.
protocol TestElement: CollectiveElement {
    /// A value out of random bits.
    static func any(_ bits: UInt64) -> Self
    /// A small value, so that every order of reduction gives exactly the same result on 16 ranks.
    static func exact(_ bits: UInt64, _ reduction: Reduction) -> Self
    /// The reduction in rank order, as the library promises it.
    static func reduced(_ values: [Self], _ reduction: Reduction) -> Self
}

/// −7…7 for sums, and for products ±1 and sometimes 2: at most 15 factors of a type with range 2^15 are 2.
private func small(_ bits: UInt64, _ reduction: Reduction) -> Int {
    reduction == .product ? [1, -1, 1, 2, -1, 1, -1, 1][Int(bits % 8)] : Int(bits % 15) - 7
}

protocol TestFloat: TestElement {
    associatedtype Wide: BinaryFloatingPoint
    init(rounding: Wide)
    var wide: Wide { get }
}

extension TestFloat {
    static func any(_ bits: UInt64) -> Self {
        // ±0.5…2 with all mantissa bits in use, never zero.
        let magnitude = 0.5 + 1.5 * Double(bits >> 12) / Double(1 << 52 as UInt64)
        return Self(rounding: Wide(bits & 1 == 0 ? magnitude : -magnitude))
    }

    static func exact(_ bits: UInt64, _ reduction: Reduction) -> Self { Self(rounding: Wide(small(bits, reduction))) }

    static func reduced(_ values: [Self], _ reduction: Reduction) -> Self {
        let wide = values.map(\.wide)
        let first = wide[0]
        let rest = wide.dropFirst()
        return switch reduction {
        case .sum: Self(rounding: rest.reduce(first, +))
        case .product: Self(rounding: rest.reduce(first, *))
        case .min: Self(rounding: rest.reduce(first) { $1 < $0 ? $1 : $0 })
        case .max: Self(rounding: rest.reduce(first) { $1 > $0 ? $1 : $0 })
        case .average: Self(rounding: rest.reduce(first, +) / Wide(values.count))
        }
    }
}

extension Float: TestFloat {
    init(rounding value: Float) { self = value }
    var wide: Float { self }
}
extension Double: TestFloat {
    init(rounding value: Double) { self = value }
    var wide: Double { self }
}
extension Float16: TestFloat {
    init(rounding value: Float) { self.init(value) }
    var wide: Float { Float(self) }
}
extension BFloat16: TestFloat {
    init(rounding value: Float) { self.init(value) }
    var wide: Float { Float(self) }
}

protocol TestInteger: TestElement, FixedWidthInteger {}

extension TestInteger {
    static func any(_ bits: UInt64) -> Self { Self(truncatingIfNeeded: bits) }

    static func exact(_ bits: UInt64, _ reduction: Reduction) -> Self {
        // Unsigned sums of −7…7 would be averages of huge numbers.
        Self.isSigned || reduction != .average ? Self(truncatingIfNeeded: small(bits, reduction)) : Self(bits % 8)
    }

    static func reduced(_ values: [Self], _ reduction: Reduction) -> Self {
        switch reduction {
        case .sum: values.reduce(0, &+)
        case .product: values.reduce(1, &*)
        case .min: values.min()!
        case .max: values.max()!
        case .average:
            Self(
                truncatingIfNeeded: values.reduce(0 as Int64) { $0 &+ Int64(truncatingIfNeeded: $1) }
                    / Int64(values.count))
        }
    }
}

extension Int8: TestInteger {}
extension Int32: TestInteger {}
extension Int64: TestInteger {}
extension UInt8: TestInteger {}

extension Float8E4M3: TestElement {
    static func any(_ bits: UInt64) -> Self { Self(bitPattern: UInt8(truncatingIfNeeded: bits)) }
    static func exact(_ bits: UInt64, _ reduction: Reduction) -> Self { any(bits) }
    static func reduced(_ values: [Self], _ reduction: Reduction) -> Self { values[0] }
}

extension DataType {
    var element: any TestElement.Type {
        switch self {
        case .float32: Float.self
        case .float64: Double.self
        case .float16: Float16.self
        case .bfloat16: BFloat16.self
        case .int8: Int8.self
        case .int32: Int32.self
        case .int64: Int64.self
        case .uint8: UInt8.self
        case .float8E4M3: Float8E4M3.self
        }
    }
}
