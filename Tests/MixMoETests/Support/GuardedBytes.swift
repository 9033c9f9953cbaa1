import MixTestSupport
import Foundation

/// Memory whose last byte is followed by a page that nobody may touch: a read beyond the end ends the process.
final class GuardedBytes {
    private let whole: UnsafeMutableRawBufferPointer
    private let capacity: Int

    init(capacity: Int) throws {
        let page = Int(getpagesize())
        self.capacity = (capacity + page - 1) / page * page
        let address = mmap(nil, self.capacity + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let address, address != MAP_FAILED, mprotect(address + self.capacity, page, PROT_NONE) == 0 else {
            throw Wrong("no memory: errno \(errno)")
        }
        whole = UnsafeMutableRawBufferPointer(start: address, count: self.capacity + page)
    }

    deinit { munmap(whole.baseAddress, whole.count) }

    /// Places the bytes before the forbidden page.
    func place(_ bytes: [UInt8]) -> UnsafeRawBufferPointer {
        precondition(bytes.count <= capacity)
        let place = UnsafeMutableRawBufferPointer(rebasing: whole[(capacity - bytes.count)..<capacity])
        place.copyBytes(from: bytes)
        return UnsafeRawBufferPointer(place)
    }
}
