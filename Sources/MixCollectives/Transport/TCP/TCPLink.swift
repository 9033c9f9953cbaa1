internal import CMixSystem
internal import Glibc

/// A link over one TCP connection: messages of all channels one after the other, each behind a header.
///
/// Payloads are written out of the senders' memory and read into the receivers'. Small messages and whatever comes
/// with them in one read go through a staging buffer. What nobody has asked for yet stays in the kernel, which makes
/// the peer wait; only where a message of another channel may be behind it, or where both ends do nothing but send,
/// is it taken into memory of its own.
///
/// One connection per pair: it fills a wire of 10 Gbit/s, and the processor's memory bandwidth on the loopback.
final class TCPLink: Link {
    let peer: Int
    let socket: Int32
    var counters = LinkCounters()
    var channels: [TCPChannel] = []

    // Sending; see TCPLink+Sending.
    struct Outgoing: BitwiseCopyable {
        var header: FrameHeader
        var address: UnsafeRawPointer?
        /// Of header and payload together.
        var sent = 0
        var total: Int { FrameHeader.bytes + Int(header.bytes) }
    }
    var outgoing = Queue<Outgoing>(capacity: 64)
    let parts: UnsafeMutablePointer<mix_part>
    /// Since when nothing can be written; 0 while something can.
    var stalledSince: Int64 = 0
    /// Whether both ends may be waiting for the other to read, so that this one reads what nobody asked for.
    var isRelieving = false
    var silenceChecked: Int64 = 0

    // Receiving; see TCPLink+Receiving.
    let staging: UnsafeMutableRawPointer
    /// The bytes of the staging buffer that came and are not consumed yet.
    var staged = 0..<0
    /// The message under way, from its header to its last byte.
    var incoming: Incoming?
    /// Receives that wait, on all channels.
    var receivesWaiting = 0
    /// Bytes that came before anybody asked for them and are still kept.
    var earlyBytes = 0
    var earlyMemory = EarlyMemory()
    /// Where the latest message was; the next is likely there too.
    var latestChannel = 0

    var failure: LinkError?
    private let silenceLimit: Int
    private var isClosed = false

    static let stagingBytes = 64 << 10
    static let partCount = 64
    /// What one system call moves at most, so that it's still in the cache when it is combined, and what one `advance` moves
    /// at most each way, so that other links and the caller get their turn.
    static let turnBytes = 128 << 10
    static let greatestChannel = 1 << 16
    /// Early messages are what a peer sent before this rank asked for it; more than this is a peer gone mad.
    static let greatestEarlyBytes = 1 << 36

    /// A link over a connection whose other end has proved to be that rank; the link owns the socket.
    ///
    /// - Parameter timeout: the job's. A wire that carries nothing any more is noticed after half of it.
    init(socket: Int32, peer: Int, timeout: Duration) {
        self.peer = peer
        self.socket = socket
        let silence = Swift.max(1000, Swift.min(timeout.nanoseconds / 2_000_000, 3_600_000))
        silenceLimit = Int(silence)
        parts = .allocate(capacity: Self.partCount)
        staging = .allocate(byteCount: Self.stagingBytes, alignment: 64)
        mix_tcp_prepare(socket, Int32(silence / 1000))
    }

    deinit {
        close()
        parts.deallocate()
        staging.deallocate()
    }

    func channel(_ index: Int) -> TCPChannel {
        precondition(index >= 0 && index < Self.greatestChannel, "channel \(index)")
        while channels.count <= index { channels.append(TCPChannel()) }
        return channels[index]
    }

    func advance() throws(LinkError) {
        if let failure {
            // A peer that sent the wrong thing still listens, and has to hear of it.
            if case .unexpected = failure { do throws(LinkError) { try write() } catch { _ = error } }
            throw failure
        }
        do throws(LinkError) {
            do throws(LinkError) { try write() } catch {
                try hearLastWords()
                throw error
            }
            try read()
        } catch {
            failure = error
            throw error
        }
    }

    /// Reads what a peer that takes no more said before it went: it's the cause.
    private func hearLastWords() throws(LinkError) {
        while try read() {}
    }

    func isComplete(_ ticket: LinkTicket) -> Bool {
        let channel = channels[ticket.channel]
        return ticket.number < (ticket.isSend ? channel.sendsCompleted : channel.receivesCompleted)
    }

    func moved(_ ticket: LinkTicket) -> Int {
        if isComplete(ticket) { return ticket.bytes }
        if ticket.isSend {
            guard !outgoing.isEmpty else { return 0 }
            let head = outgoing[0]
            guard head.header.channel == ticket.channel, head.header.number == ticket.number else { return 0 }
            return Swift.max(0, head.sent - FrameHeader.bytes)
        }
        guard let incoming, incoming.place == .posted, incoming.header.channel == ticket.channel,
            incoming.header.number == ticket.number
        else { return 0 }
        return incoming.arrived
    }

    var isBusy: Bool { !outgoing.isEmpty || receivesWaiting > 1 }
    var descriptor: (file: Int32, wantsToWrite: Bool) { (socket, !outgoing.isEmpty) }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        if failure == nil { failure = .lost(reason: "the link was closed", errno: 0) }
        mix_tcp_shut_down(socket)
        // Closing with something unread would make the kernel drop what is still on its way to the peer.
        var rest = mix_part(address: staging, bytes: Self.stagingBytes)
        while mix_tcp_read(socket, &rest, 1) > 0 {}
        mix_close(socket)
    }

    // MARK: Trouble

    /// The connection can't be used any more.
    func lost(_ errno: Int32) -> LinkError {
        let reason =
            switch errno {
            case EPIPE, ECONNRESET: "rank \(peer) closed the connection: its process ended"
            case ETIMEDOUT: "rank \(peer)'s host does not answer any more: it is down, or the wire is"
            default: "the connection to rank \(peer) is lost: \(String(cString: mix_error_text(errno)))"
            }
        return .lost(reason: reason, errno: errno)
    }

    /// Notices a wire that is cut while this end repeats what it has sent; asked now and then while nothing moves.
    func checkSilence(_ now: Int64) throws(LinkError) {
        guard now - silenceChecked > 500_000_000 else { return }
        silenceChecked = now
        let silence = Int(mix_tcp_silence(socket))
        guard silence > silenceLimit else { return }
        throw .lost(
            reason: "rank \(peer)'s host has not answered for \(silence / 1000) s: it is down, or the wire is",
            errno: ETIMEDOUT)
    }
}
