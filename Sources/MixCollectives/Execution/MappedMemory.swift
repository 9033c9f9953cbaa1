internal import MixSchedule

/// Where the ranks' buffers lie for one operation: addresses in this process, or nothing where a rank's memory
/// is not mapped here.
struct MappedMemory {
    /// Three per rank: input, output, scratch.
    let addresses: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    /// Whether all memory that the operation's direct algorithm reads and writes is mapped, on every rank.
    var isComplete = false

    init(addresses: UnsafeMutablePointer<UnsafeMutableRawPointer?>) { self.addresses = addresses }

    @inline(__always)
    func base(_ buffer: Buffer, of rank: Int) -> UnsafeMutableRawPointer {
        // Algorithms that need mapped memory run only where all ranks said theirs is; a zero-length slice of
        // nothing may still be asked for.
        addresses[rank * 3 + buffer.rawValue] ?? UnsafeMutableRawPointer(bitPattern: 64)!
    }

    @inline(__always)
    func set(_ buffer: Buffer, of rank: Int, _ address: UnsafeMutableRawPointer?) {
        addresses[rank * 3 + buffer.rawValue] = address
    }

    func isMapped(_ buffer: Buffer, of rank: Int) -> Bool { addresses[rank * 3 + buffer.rawValue] != nil }
}
