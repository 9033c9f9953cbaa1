/// One channel of a TCP link: its numbers, the receives that wait, and the messages that came before theirs.
final class TCPChannel {
    struct Receive: BitwiseCopyable {
        var address: UnsafeMutableRawPointer?
        var bytes: Int
        var signature: UInt64
    }

    /// A message, or its beginning, that nobody had asked for yet.
    struct Early: BitwiseCopyable {
        var header: FrameHeader
        var storage: UnsafeMutableRawPointer
    }

    var sendsPosted: UInt64 = 0
    var sendsCompleted: UInt64 = 0
    var receivesPosted: UInt64 = 0
    var receivesCompleted: UInt64 = 0
    /// Messages whose header has come.
    var begun: UInt64 = 0
    /// Receives whose message has not come completely. While there are any, `early` is empty.
    var receives = Queue<Receive>()
    /// Only the last can be incomplete.
    var early = Queue<Early>()
}
