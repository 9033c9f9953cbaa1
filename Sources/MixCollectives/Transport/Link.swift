/// A connection to one rank of another node: messages in order on each of its channels, both ways.
///
/// Transports know nothing of algorithms: the executor hands them memory and asks how far they are. Nothing here
/// blocks; `advance` moves what can be moved, in the caller's thread.
protocol Link: AnyObject {
    /// The rank at the other end, in the world.
    var peer: Int { get }

    /// Starts to send `bytes` at `address` as the next message on `channel`. The memory stays as it is until the message
    /// is complete. `signature` says what the message is for; the receiver must expect the same.
    func send(_ address: UnsafeRawPointer?, _ bytes: Int, channel: Int, signature: UInt64) -> LinkTicket

    /// Starts to receive the next message on `channel` into `address`; it must have exactly `bytes` bytes.
    func receive(_ address: UnsafeMutableRawPointer?, _ bytes: Int, channel: Int, signature: UInt64) -> LinkTicket

    /// Sends at once what waits to be sent together with what comes next.
    func sendNow()

    /// Moves what can be moved now, on all channels. Throws once the connection is lost, or when a message is not what
    /// this rank expects.
    func advance() throws(LinkError)

    /// Bytes of the message, from its beginning, that have left this rank's memory or have arrived in it.
    func moved(_ ticket: LinkTicket) -> Int

    /// Whether the message is complete: its memory is the caller's again.
    func isComplete(_ ticket: LinkTicket) -> Bool

    /// Whether anything is under way but the one receive that waits for news on channel 0.
    var isBusy: Bool { get }

    /// A descriptor that becomes ready when `advance` may move something, and whether to wait for room to write too.
    var descriptor: (file: Int32, wantsToWrite: Bool) { get }

    /// Counted since the link was made.
    var counters: LinkCounters { get }

    /// Ends the connection in order: what was sent and is complete arrives.
    func close()
}

extension Link {
    var isBusy: Bool { true }
    func sendNow() {}
}

/// A message under way on a link. Tickets of one direction and channel are used up in order.
struct LinkTicket: BitwiseCopyable {
    var channel: Int
    var isSend: Bool
    /// The message's number in its direction and channel.
    var number: UInt64
    /// The message's bytes, for who is asked how many of them moved when it is complete and forgotten.
    var bytes: Int = 0
}

/// Why a link can't go on.
enum LinkError: Error {
    /// The connection is gone: the peer's process ended, or the wire.
    case lost(reason: String, errno: Int32)
    /// The peer sent something else than this rank expects.
    case unexpected(signature: UInt64, bytes: Int, expectedSignature: UInt64, expectedBytes: Int)
}
