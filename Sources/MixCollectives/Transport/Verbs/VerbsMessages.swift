/// A message of one direction.
struct VerbsMessageName: Hashable, BitwiseCopyable {
    var channel: Int
    var number: UInt64
}

/// A message to send.
struct VerbsSend {
    var address: UnsafeRawPointer?
    var bytes: Int
    var signature: UInt64
    /// Where the peer wants it, once it has said so.
    var target: UInt64 = 0
    var key: UInt32 = 0
    var tag: UInt32 = 0
    var registration: Registration?
    /// Bytes given to the device, and known to be there.
    var posted = 0
    var moved = 0
    var isComplete = false
    /// When to ask for an announcement that does not come, in nanoseconds; nil: asked, or no need to.
    var patience: Int64?

    mutating func complete() {
        moved = bytes
        isComplete = true
    }
}

/// A message to receive.
struct VerbsReceive {
    var address: UnsafeMutableRawPointer?
    var bytes: Int
    var signature: UInt64
    var registration: Registration?
    var moved = 0
    var isComplete = false

    mutating func complete() {
        moved = bytes
        isComplete = true
    }
}

/// A small message that came before it was expected.
struct VerbsEarlyMessage {
    var signature: UInt64
    var bytes: [UInt8]
}

/// A packet to be sent.
struct VerbsNote {
    var packet: VerbsPacket
    var payload: UnsafeRawPointer?
    var name: VerbsMessageName
}

/// A write under way that is part of a message.
struct VerbsPiece {
    var name = VerbsMessageName(channel: 0, number: 0)
    var bytes = 0
}
