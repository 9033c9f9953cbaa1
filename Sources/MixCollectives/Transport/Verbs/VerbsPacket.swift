/// The head of a slot in the receiver's ring, written by the sender together with what follows it.
struct VerbsPacket: BitwiseCopyable {
    enum Kind {
        /// The receiver of a large message: it may be written, to `address` with `key`, under the name `tag`.
        static let announcement: UInt32 = 1
        /// A small message, with its bytes behind the head.
        static let message: UInt32 = 2
        /// The sender of a large message that nobody announced for a while: what it would send.
        static let intent: UInt32 = 3
    }

    var kind: UInt32
    var channel: UInt32
    var number: UInt64
    var bytes: UInt64
    var signature: UInt64
    /// Room for the other: receives that the sender of this packet has posted anew, and packets that it has taken.
    var reposted: UInt32 = 0
    var taken: UInt32 = 0
    // Of announcements only; in a message its bytes begin here.
    var address: UInt64 = 0
    var key: UInt32 = 0
    var tag: UInt32 = 0
    /// How many more announcements follow.
    var notes: UInt32 = 0

    /// Room for the head in a slot.
    static let headBytes = 64
    /// The part of it that a message has: up to `taken`.
    static let messageHeadBytes = 40
    static let payloadBytes = 4096
    static let slotBytes = headBytes + payloadBytes
    static let slots = 64
    static var noteBytes: Int { MemoryLayout<VerbsPacket>.stride }
    static let notesAtMost = 63
}

/// The 32 bits that come with every write: two for its kind, the rest for what it is about.
enum VerbsImmediate {
    static let packet: UInt32 = 0
    static let piece: UInt32 = 1
    static let credit: UInt32 = 2
    /// The last write of a link that closes: how many of the peer's writes have come.
    static let goodbye: UInt32 = 3

    static func make(_ kind: UInt32, _ value: UInt32) -> UInt32 { kind << 30 | value & 0x3fff_ffff }
}
