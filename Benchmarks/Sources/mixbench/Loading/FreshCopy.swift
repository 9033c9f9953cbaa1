import Foundation

/// Copying into memory that was never touched: the least that loading weights into memory of one's own can cost.
enum FreshCopy {
    private static let hugePage = 2 << 20
    private static let sourceBytes = 128 << 20

    /// Seconds of `threads` threads for so many bytes. The source is in no cache.
    static func measure(bytes: Int, threads: Int) -> Double {
        let source = UnsafeMutableRawPointer.allocate(byteCount: sourceBytes, alignment: hugePage)
        memset(source, 1, sourceBytes)
        let room = bytes + hugePage
        guard let mapped = mmap(nil, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            mapped != MAP_FAILED
        else { return .nan }
        defer {
            munmap(mapped, room)
            source.deallocate()
        }
        let base = mapped + (-Int(bitPattern: mapped) & (hugePage - 1))
        #if os(Linux)
        madvise(base, bytes, Int32(MADV_HUGEPAGE))
        #endif
        // Addresses of memory that outlives the threads; every piece is one thread's.
        nonisolated(unsafe) let (from, to) = (source, base)
        let pieces = (bytes + hugePage - 1) / hugePage
        let begin = Clock.now()
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            for piece in stride(from: thread, to: pieces, by: threads) {
                let first = piece * hugePage
                memcpy(to + first, from + first % sourceBytes, min(hugePage, bytes - first))
            }
        }
        return Double(Clock.now() - begin) * 1e-9
    }
}
