/// Memory that grows and is kept, whose contents are not.
struct Scratch: ~Copyable {
    private var base: UnsafeMutableRawPointer?
    private var bytes = 0

    deinit { base?.deallocate() }

    /// At least `bytes` bytes, on a line of 64.
    mutating func room(_ bytes: Int) -> UnsafeMutableRawPointer {
        if let base, bytes <= self.bytes { return base }
        base?.deallocate()
        self.bytes = bytes + bytes / 4
        let made = UnsafeMutableRawPointer.allocate(byteCount: self.bytes, alignment: 64)
        base = made
        return made
    }
}
