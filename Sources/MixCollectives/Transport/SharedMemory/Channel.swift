internal import CMixSystem

/// A stream of messages from one rank to another through shared memory: a ring of bytes in the sender's heap.
///
/// A message is a frame and, unless the receiver can read the sender's memory itself, its bytes. Everything is
/// padded to whole cache lines, so that elements never straddle the ring's end.
struct Channel {
    /// What precedes a message.
    struct Frame: BitwiseCopyable {
        var bytes: Int
        /// Offset of the bytes in the sender's heap, or −1 when they follow in the ring.
        var location: Int
        var tag: UInt64 = 0
        var type: UInt64 = 0
        var padding: InlineArray<4, UInt64> = .init(repeating: 0)
    }

    static let frameBytes = 64
    static let capacity = Int(MIX_CHANNEL_BYTES)
    /// Messages of at least so many bytes are read out of the sender's memory where it is mapped.
    static let mappedThreshold = 4096

    private let produced: UnsafeMutablePointer<UInt64>
    private let consumed: UnsafeMutablePointer<UInt64>
    private let bytes: UnsafeMutableRawPointer

    init(_ channel: UnsafeMutablePointer<mix_channel>) {
        let base = UnsafeMutableRawPointer(channel)
        produced = base.assumingMemoryBound(to: UInt64.self)
        consumed = (base + Int(MIX_LINE)).assumingMemoryBound(to: UInt64.self)
        bytes = base + 2 * Int(MIX_LINE)
    }

    // MARK: The sender's end

    /// Bytes that can be written now.
    var room: Int { Self.capacity - Int(producedCount &- mix_load_acquire_u64(consumed)) }

    /// The ring's count behind everything written so far; the receiver's reaches it when it has read all of that.
    var producedCount: UInt64 { mix_load_acquire_u64(produced) }

    func hasConsumed(_ count: UInt64) -> Bool {
        Int64(bitPattern: mix_load_acquire_u64(consumed) &- count) >= 0
    }

    /// Writes a frame; needs ``frameBytes`` of room.
    func write(_ frame: Frame) {
        place(producedCount).storeBytes(of: frame, as: Frame.self)
        mix_publish_u64(produced, producedCount &+ UInt64(Self.frameBytes))
    }

    /// Writes as many of the bytes as there is room for, and returns how many.
    func write(_ source: UnsafeRawPointer, _ count: Int) -> Int {
        var written = 0
        var position = producedCount
        var room = room
        while written < count, room > 0 {
            let part = min(count - written, room, contiguous(position))
            place(position).copyMemory(from: source + written, byteCount: part)
            written += part
            let padded = Self.padded(part)
            position &+= UInt64(padded)
            room -= padded
        }
        if written > 0 { mix_publish_u64(produced, position) }
        return written
    }

    // MARK: The receiver's end

    /// Bytes that can be read now.
    var available: Int { Int(mix_load_acquire_u64(produced) &- mix_load_acquire_u64(consumed)) }

    /// The frame at the front; needs ``frameBytes`` available, and leaves it there.
    func peek() -> Frame { place(mix_load_acquire_u64(consumed)).load(as: Frame.self) }

    /// Lets `body` read up to `count` of the bytes behind the front, in at most a few runs; returns how many it got.
    func read(_ count: Int, _ body: (UnsafeRawPointer, _ offset: Int, _ count: Int) -> Void) -> Int {
        var got = 0
        var position = mix_load_acquire_u64(consumed)
        var left = available
        while got < count, left > 0 {
            let part = min(count - got, left, contiguous(position))
            body(UnsafeRawPointer(place(position)), got, part)
            got += part
            let padded = Self.padded(part)
            position &+= UInt64(padded)
            left -= padded
        }
        if got > 0 { mix_publish_u64(consumed, position) }
        return got
    }

    /// Takes the frame at the front away.
    func dropFrame() { mix_publish_u64(consumed, mix_load_acquire_u64(consumed) &+ UInt64(Self.frameBytes)) }

    private func place(_ position: UInt64) -> UnsafeMutableRawPointer { bytes + Int(position) % Self.capacity }
    private func contiguous(_ position: UInt64) -> Int { Self.capacity - Int(position) % Self.capacity }
    private static func padded(_ count: Int) -> Int { (count + 63) & ~63 }
}
