/// Memory that a collective reads: `Span`, `MutableSpan`, unsafe buffers, arrays and ``SharedBuffer``.
///
/// One protocol instead of an overload per kind of memory; `withCollectiveMemory` hands the address
/// to the library for the length of one call. Memory from ``Communicator/allocate(_:count:)`` is
/// recognised by its address, whatever it is wrapped in, and used in place.
public protocol CollectiveMemory: ~Copyable, ~Escapable {
    associatedtype Element: CollectiveElement
    /// Number of elements.
    var count: Int { get }
    /// Calls `body` with the elements.
    func withCollectiveMemory<Result, Failure: Error>(
        _ body: (UnsafeRawPointer?) throws(Failure) -> Result
    ) throws(Failure) -> Result
}

/// Memory that a collective writes.
public protocol MutableCollectiveMemory: CollectiveMemory, ~Copyable, ~Escapable {
    /// Calls `body` with the elements.
    mutating func withMutableCollectiveMemory<Result, Failure: Error>(
        _ body: (UnsafeMutableRawPointer?) throws(Failure) -> Result
    ) throws(Failure) -> Result
}

extension Span: CollectiveMemory where Element: CollectiveElement {
    /// Calls `body` with the elements.
    @inlinable public func withCollectiveMemory<Result, Failure: Error>(
        _ body: (UnsafeRawPointer?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeBufferPointer { buffer throws(Failure) in try body(UnsafeRawPointer(buffer.baseAddress)) }
    }
}

extension MutableSpan: CollectiveMemory where Element: CollectiveElement {
    /// Calls `body` with the elements.
    @inlinable public func withCollectiveMemory<Result, Failure: Error>(
        _ body: (UnsafeRawPointer?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeBufferPointer { buffer throws(Failure) in try body(UnsafeRawPointer(buffer.baseAddress)) }
    }
}
extension MutableSpan: MutableCollectiveMemory where Element: CollectiveElement {
    /// Calls `body` with the elements.
    @inlinable public mutating func withMutableCollectiveMemory<Result, Failure: Error>(
        _ body: (UnsafeMutableRawPointer?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeMutableBufferPointer { buffer throws(Failure) in
            try body(UnsafeMutableRawPointer(buffer.baseAddress))
        }
    }
}

extension UnsafeBufferPointer: CollectiveMemory where Element: CollectiveElement {
    /// Calls `body` with the elements.
    @inlinable public func withCollectiveMemory<Result, Failure: Error>(
        _ body: (UnsafeRawPointer?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawPointer(baseAddress))
    }
}

extension UnsafeMutableBufferPointer: CollectiveMemory where Element: CollectiveElement {
    /// Calls `body` with the elements.
    @inlinable public func withCollectiveMemory<Result, Failure: Error>(
        _ body: (UnsafeRawPointer?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawPointer(baseAddress))
    }
}
extension UnsafeMutableBufferPointer: MutableCollectiveMemory where Element: CollectiveElement {
    /// Calls `body` with the elements.
    @inlinable public mutating func withMutableCollectiveMemory<Result, Failure: Error>(
        _ body: (UnsafeMutableRawPointer?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeMutableRawPointer(baseAddress))
    }
}

extension Array: CollectiveMemory where Element: CollectiveElement {
    /// Calls `body` with the elements.
    @inlinable public func withCollectiveMemory<Result, Failure: Error>(
        _ body: (UnsafeRawPointer?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeBufferPointer { buffer throws(Failure) in try body(UnsafeRawPointer(buffer.baseAddress)) }
    }
}
extension Array: MutableCollectiveMemory where Element: CollectiveElement {
    /// Calls `body` with the elements.
    @inlinable public mutating func withMutableCollectiveMemory<Result, Failure: Error>(
        _ body: (UnsafeMutableRawPointer?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeMutableBufferPointer { buffer throws(Failure) in
            try body(UnsafeMutableRawPointer(buffer.baseAddress))
        }
    }
}
