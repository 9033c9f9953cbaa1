internal import Glibc

/// Memory for packed weights: large pieces on huge pages where the system has them, given back together.
struct WeightMemory: ~Copyable {
    private static let hugePage = 2 << 20
    private static let page = Int(getpagesize())
    private static let least = 32 << 20

    private var pieces: [(base: UnsafeMutableRawPointer, bytes: Int)] = []
    private var used = 0

    deinit {
        for piece in pieces { munmap(piece.base, piece.bytes) }
    }

    /// Makes room for allocations of so many bytes together, as ``size(of:)`` counts them: one reservation, and no page more
    /// than they need.
    mutating func reserve(_ bytes: Int) {
        if bytes > 0 { addPiece(of: bytes) }
    }

    /// What an allocation takes of a reservation.
    static func size(of bytes: Int) -> Int { (bytes + 63) & ~63 }

    /// Zeroed memory on a line of 64 bytes; pages that are never touched cost nothing.
    mutating func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
        if pieces.isEmpty || used + bytes > pieces.last!.bytes { addPiece(of: max(bytes, Self.least)) }
        let address = pieces.last!.base + used
        used += Self.size(of: bytes)
        return address
    }

    private mutating func addPiece(of bytes: Int) {
        // The end of it, which fills no huge page, takes small ones.
        let size = (bytes + Self.page - 1) & ~(Self.page - 1)
        // Mapped with room to begin at a huge page's boundary; what is too much goes back at once.
        let mapped = mmap(nil, size + Self.hugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped, mapped != MAP_FAILED else {
            fatalError("no memory for \(size) bytes of weights: \(String(cString: strerror(errno)))")
        }
        let ahead = -Int(bitPattern: mapped) & (Self.hugePage - 1)
        if ahead > 0 { munmap(mapped, ahead) }
        if ahead < Self.hugePage { munmap(mapped + ahead + size, Self.hugePage - ahead) }
        madvise(mapped + ahead, size, Int32(MADV_HUGEPAGE))
        pieces.append((mapped + ahead, size))
        used = 0
    }
}
