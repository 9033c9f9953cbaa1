#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
import MixCollectives

/// The two buffers of all measurements, and room for their times: had once, before anything is timed.
final class Workspace {
    /// Bytes behind a buffer that nobody may write.
    static let guardBytes = 64

    let first: UnsafeMutableRawPointer
    let second: UnsafeMutableRawPointer
    let samples: UnsafeMutablePointer<Int64>
    // Own the memory when it is shared. A buffer keeps its address as long as it lives.
    private var firstOwner: SharedBuffer<UInt8>?
    private var secondOwner: SharedBuffer<UInt8>?
    private let bytes: Int

    init(bytes wanted: Int, kind: MemoryKind, world: Communicator) throws {
        bytes = wanted + Self.guardBytes
        samples = .allocate(capacity: Policy.mostCalls)
        samples.initialize(repeating: 0, count: Policy.mostCalls)
        switch kind {
        case .shared:
            var buffer = try world.allocate(UInt8.self, count: bytes)
            first = buffer.withUnsafeMutableBufferPointer { UnsafeMutableRawPointer($0.baseAddress!) }
            firstOwner = consume buffer
            var another = try world.allocate(UInt8.self, count: bytes)
            second = another.withUnsafeMutableBufferPointer { UnsafeMutableRawPointer($0.baseAddress!) }
            secondOwner = consume another
        case .plain:
            first = try Self.map(bytes)
            second = try Self.map(bytes)
        }
        // Touched now, so that no page fault is timed.
        memset(first, 0, bytes)
        memset(second, 0, bytes)
    }

    deinit {
        samples.deallocate()
        if firstOwner == nil {
            munmap(first, bytes)
            munmap(second, bytes)
        }
    }

    private static func map(_ bytes: Int) throws -> UnsafeMutableRawPointer {
        let address = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
        guard let address, address != MAP_FAILED else {
            throw CollectiveError(.outOfMemory, "no memory for a buffer of \(bytes) bytes", errno: errno)
        }
        #if os(Linux)
        madvise(address, bytes, MADV_HUGEPAGE)
        #endif
        return address
    }
}
