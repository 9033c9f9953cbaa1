import MixCollectives

/// An element that patterns can be written to and read from.
protocol BenchmarkElement: CollectiveElement {
    /// The unsigned integer of the same size.
    associatedtype Bits: FixedWidthInteger & UnsignedInteger
    init(small: Int)
    init(bits: Bits)
    var bits: Bits { get }
}

extension Float: BenchmarkElement {
    init(small: Int) { self.init(small) }
    init(bits: UInt32) { self.init(bitPattern: bits) }
    var bits: UInt32 { bitPattern }
}

extension Double: BenchmarkElement {
    init(small: Int) { self.init(small) }
    init(bits: UInt64) { self.init(bitPattern: bits) }
    var bits: UInt64 { bitPattern }
}

extension Float16: BenchmarkElement {
    init(small: Int) { self.init(small) }
    init(bits: UInt16) { self.init(bitPattern: bits) }
    var bits: UInt16 { bitPattern }
}

extension BFloat16: BenchmarkElement {
    init(small: Int) { self.init(Float(small)) }
    init(bits: UInt16) { self.init(bitPattern: bits) }
    var bits: UInt16 { bitPattern }
}

extension Int8: BenchmarkElement {
    init(small: Int) { self.init(truncatingIfNeeded: small) }
    init(bits: UInt8) { self.init(bitPattern: bits) }
    var bits: UInt8 { UInt8(bitPattern: self) }
}

extension Int32: BenchmarkElement {
    init(small: Int) { self.init(truncatingIfNeeded: small) }
    init(bits: UInt32) { self.init(bitPattern: bits) }
    var bits: UInt32 { UInt32(bitPattern: self) }
}

extension Int64: BenchmarkElement {
    init(small: Int) { self.init(small) }
    init(bits: UInt64) { self.init(bitPattern: bits) }
    var bits: UInt64 { UInt64(bitPattern: self) }
}

extension UInt8: BenchmarkElement {
    init(small: Int) { self.init(truncatingIfNeeded: small) }
    init(bits: UInt8) { self = bits }
    var bits: UInt8 { self }
}

extension Float8E4M3: BenchmarkElement {
    /// Never asked for: this type is moved only.
    init(small: Int) { self.init(bitPattern: UInt8(truncatingIfNeeded: small)) }
    init(bits: UInt8) { self.init(bitPattern: bits) }
    var bits: UInt8 { bitPattern }
}
