internal import Glibc

/// Memory for messages that come before anybody has asked for them.
///
/// In a series of operations now one rank is ahead and now the other: what such a message had is kept for the next.
struct EarlyMemory: ~Copyable {
    private struct Block {
        let address: UnsafeMutableRawPointer
        let bytes: Int
        var isFree = false
    }

    /// The least that is allocated, and the most that is kept.
    private static let leastBytes = 64 << 10
    private static let keptBytes = 4 << 20

    /// How many blocks are there from the beginning: as many as small operations in a row mostly need. Only what is used of
    /// them takes memory.
    private static let firstBlocks = 8

    private var blocks: [Block] = []
    private var freeBytes = 0

    init() {
        blocks.reserveCapacity(4 * Self.firstBlocks)
        for _ in 0..<Self.firstBlocks {
            guard let address = malloc(Self.leastBytes) else { break }
            blocks.append(Block(address: address, bytes: Self.leastBytes, isFree: true))
            freeBytes += Self.leastBytes
        }
    }

    deinit { for block in blocks { free(block.address) } }

    /// Memory for so many bytes; nil where there is none.
    mutating func take(_ bytes: Int) -> UnsafeMutableRawPointer? {
        if let index = blocks.firstIndex(where: { $0.isFree && $0.bytes >= bytes }) {
            blocks[index].isFree = false
            freeBytes -= blocks[index].bytes
            return blocks[index].address
        }
        // Rounded, so that messages of somewhat different sizes have use for each other's.
        var room = Self.leastBytes
        while room < bytes && room < Self.keptBytes { room *= 2 }
        room = Swift.max(room, bytes)
        guard let address = malloc(room) else { return nil }
        blocks.append(Block(address: address, bytes: room))
        return address
    }

    mutating func giveBack(_ address: UnsafeMutableRawPointer) {
        let index = blocks.firstIndex { $0.address == address }!
        guard freeBytes + blocks[index].bytes <= Self.keptBytes else {
            free(address)
            blocks.remove(at: index)
            return
        }
        blocks[index].isFree = true
        freeBytes += blocks[index].bytes
    }
}
