internal import MixCollectives

/// Rows that other lanes may read in place; grows, and never shrinks.
struct RowBuffer: ~Copyable {
    private var memory: SharedBuffer<UInt8>?
    private var capacity = 0

    /// Room for `count` elements, whose contents are not kept from call to call.
    mutating func room<Element: CollectiveElement>(
        _ count: Int, _ type: Element.Type, of communicator: Communicator
    ) throws(CollectiveError) -> UnsafeMutableBufferPointer<Element> {
        let bytes = count * MemoryLayout<Element>.stride
        if capacity < bytes || capacity == 0 {
            memory = nil
            capacity = 0
            let next = max(bytes + bytes / 4, 4096)
            memory = try communicator.allocate(UInt8.self, count: next)
            capacity = next
        }
        // Valid as long as the buffer that owns it, which is its layer's; page-aligned, and of no other type meanwhile.
        let base = memory!.withUnsafeMutableBufferPointer { UnsafeMutableRawPointer($0.baseAddress!) }
        return UnsafeMutableBufferPointer(start: base.bindMemory(to: Element.self, capacity: count), count: count)
    }
}
