import MixCollectives

/// Memory of one rank with guard bytes on both sides, plain or from `allocate`.
final class GuardedMemory {
    private static let guardBytes = 192
    private static let guardValue: UInt8 = 0xa5

    let bytes: Int
    let start: UnsafeMutableRawPointer
    private let whole: UnsafeMutableRawBufferPointer
    private var shared: SharedBuffer<UInt8>?

    /// `shift` moves the start off its natural alignment for vectors, but not for elements.
    init(bytes: Int, shared isShared: Bool, shift: Int = 0, of communicator: Communicator) throws {
        self.bytes = bytes
        let total = bytes + 2 * Self.guardBytes
        if isShared {
            var buffer = try communicator.allocate(UInt8.self, count: total)
            // The buffer owns the memory for as long as this object has it.
            whole = buffer.withUnsafeMutableBufferPointer { UnsafeMutableRawBufferPointer($0) }
            shared = consume buffer
        } else {
            whole = .allocate(byteCount: total, alignment: 64)
        }
        precondition(shift < 64)
        start = whole.baseAddress! + 64 + shift
        whole.initializeMemory(as: UInt8.self, repeating: Self.guardValue)
    }

    deinit { if shared == nil { whole.deallocate() } }

    func buffer<Element>(of _: Element.Type) -> UnsafeMutableBufferPointer<Element> {
        let count = bytes / MemoryLayout<Element>.stride
        return UnsafeMutableBufferPointer(start: start.bindMemory(to: Element.self, capacity: count), count: count)
    }

    /// Whether nothing outside was written.
    var isIntact: Bool {
        let lower = start - whole.baseAddress!
        return whole[..<lower].allSatisfy { $0 == Self.guardValue }
            && whole[(lower + bytes)...].allSatisfy { $0 == Self.guardValue }
    }

    /// Whether the inside still is as it was made.
    var isUntouched: Bool {
        UnsafeRawBufferPointer(start: start, count: bytes).allSatisfy { $0 == Self.guardValue }
    }

    func clear() { start.initializeMemory(as: UInt8.self, repeating: Self.guardValue, count: bytes) }
}
