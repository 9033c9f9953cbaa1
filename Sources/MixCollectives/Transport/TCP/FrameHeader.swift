/// What precedes every message on a TCP connection; little-endian, as all machines this runs on.
struct FrameHeader: BitwiseCopyable {
    static let bytes = 32

    var channel: UInt64
    var signature: UInt64
    /// The payload's bytes.
    var bytes: UInt64
    /// The message's number on its channel, to notice a stream that lost its place.
    var number: UInt64
}
