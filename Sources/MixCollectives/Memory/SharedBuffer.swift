/// Memory for collectives: mapped by the node's other ranks, which read and write it in place.
///
/// Owns `count` elements of `Element`, aligned to a page and zero at first; gives them back when it is
/// destroyed. A collective in which every rank uses such memory copies nothing on the way.
public struct SharedBuffer<Element: CollectiveElement>: ~Copyable {
    @usableFromInline let base: UnsafeMutablePointer<Element>
    /// Number of elements.
    public let count: Int
    private let heap: SharedHeap

    init(base: UnsafeMutablePointer<Element>, count: Int, heap: SharedHeap) {
        self.base = base
        self.count = count
        self.heap = heap
    }

    deinit { heap.release(UnsafeMutableRawPointer(base), bytes: count * MemoryLayout<Element>.stride) }

    /// The elements, to read.
    public var span: Span<Element> {
        @_lifetime(borrow self)
        get {
            // The memory lives as long as self, which the returned span borrows.
            let span = unsafe Span(_unsafeStart: UnsafePointer(base), count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The elements, to change.
    public var mutableSpan: MutableSpan<Element> {
        @_lifetime(&self)
        mutating get {
            let span = unsafe MutableSpan(_unsafeStart: base, count: count)
            return unsafe _overrideLifetime(span, mutating: &self)
        }
    }

    /// The element at `index`, which must be in `0 ..< count`.
    @inlinable public subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count, "index \(index) outside 0 ..< \(count)")
            return base[index]
        }
        set {
            precondition(index >= 0 && index < count, "index \(index) outside 0 ..< \(count)")
            base[index] = newValue
        }
    }

    /// Calls `body` with the elements as an unsafe buffer, valid until `body` returns.
    @inlinable public func withUnsafeBufferPointer<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeBufferPointer<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeBufferPointer(start: base, count: count))
    }

    /// Calls `body` with the elements as an unsafe mutable buffer, valid until `body` returns.
    @inlinable public mutating func withUnsafeMutableBufferPointer<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeMutableBufferPointer<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeMutableBufferPointer(start: base, count: count))
    }
}

extension SharedBuffer: MutableCollectiveMemory {
    /// Calls `body` with the elements.
    @inlinable public func withCollectiveMemory<Result, Failure: Error>(
        _ body: (UnsafeRawPointer?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawPointer(base))
    }

    /// Calls `body` with the elements.
    @inlinable public mutating func withMutableCollectiveMemory<Result, Failure: Error>(
        _ body: (UnsafeMutableRawPointer?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeMutableRawPointer(base))
    }
}
