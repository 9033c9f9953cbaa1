/// The blocks of an all-to-all-v, by address: the caller's arrays outlive the call, and are neither retained nor
/// released on the way.
@usableFromInline struct BlockTable {
    @usableFromInline let counts: UnsafePointer<Int>
    @usableFromInline let displacements: UnsafePointer<Int>

    @inlinable init(_ blocks: borrowing Blocks) {
        // Arrays of a trivial type are contiguous; checked before: there is one entry per rank, so that none is empty.
        counts = blocks.counts.withUnsafeBufferPointer { $0.baseAddress! }
        displacements = blocks.displacements.withUnsafeBufferPointer { $0.baseAddress! }
    }
}
