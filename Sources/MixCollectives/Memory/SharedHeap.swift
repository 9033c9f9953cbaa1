internal import CMixSystem

/// A rank's memory that the other ranks of the node have mapped: a memory file, larger than it will ever
/// need to be and backed by pages only where something was allocated.
///
/// Because peers map the whole file once, an allocation is no collective operation: nobody is told.
final class SharedHeap: @unchecked Sendable {
    func release(_ address: UnsafeMutableRawPointer, bytes: Int) {}
}
