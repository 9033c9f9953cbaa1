/// A type whose values collectives can move, and mostly reduce.
///
/// The library conforms the nine types of ``DataType``; there is no use in conforming others.
public protocol CollectiveElement: BitwiseCopyable, Sendable {
    /// The type as ranks tell it to each other.
    static var dataType: DataType { get }
}

extension Float: CollectiveElement {
    /// How ranks name this type to each other.
    @inlinable public static var dataType: DataType { .float32 }
}
extension Double: CollectiveElement {
    /// How ranks name this type to each other.
    @inlinable public static var dataType: DataType { .float64 }
}
#if !(os(macOS) && arch(x86_64))
extension Float16: CollectiveElement {
    /// How ranks name this type to each other.
    @inlinable public static var dataType: DataType { .float16 }
}
#endif
extension BFloat16: CollectiveElement {
    /// How ranks name this type to each other.
    @inlinable public static var dataType: DataType { .bfloat16 }
}
extension Int8: CollectiveElement {
    /// How ranks name this type to each other.
    @inlinable public static var dataType: DataType { .int8 }
}
extension Int32: CollectiveElement {
    /// How ranks name this type to each other.
    @inlinable public static var dataType: DataType { .int32 }
}
extension Int64: CollectiveElement {
    /// How ranks name this type to each other.
    @inlinable public static var dataType: DataType { .int64 }
}
extension UInt8: CollectiveElement {
    /// How ranks name this type to each other.
    @inlinable public static var dataType: DataType { .uint8 }
}
extension Float8E4M3: CollectiveElement {
    /// How ranks name this type to each other.
    @inlinable public static var dataType: DataType { .float8E4M3 }
}
