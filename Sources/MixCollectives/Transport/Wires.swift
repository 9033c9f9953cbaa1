internal import CMixSystem
internal import MixSchedule
internal import Synchronization

/// All links of a rank, one to each rank of another node, shared by the world and every communicator split from it.
///
/// On channel 0 of every link ranks tell each other of failures: whoever finds one tells all, so that the one that all
/// hear of is the cause and not the last consequence.
final class Wires: @unchecked Sendable {
    /// By rank of the world; nil for ranks of this node.
    private let links: [(any Link)?]
    /// By rank of the world: how it is reached, for who asks; what it says of ranks of this node is of no meaning.
    let routes: [Route]
    /// Of those links that are verbs links.
    private let endpoint: VerbsEndpoint?
    private let process = mix_process_id()
    /// Links are not for several threads at once; communicators may be.
    private let lock = Mutex(())
    /// Room for what each peer may have to say, and the receive that waits for it.
    private let notices: UnsafeMutablePointer<Notice>
    private var tickets: [LinkTicket?]
    /// What this rank had to say: it may still be on its way.
    private var outbox: [UnsafeMutablePointer<Notice>] = []
    /// What ended communicators, by their number.
    private var failures: [Int: CollectiveError] = [:]
    /// Why a link is of no more use. A rank that has done its part may go; it matters to those who still need it.
    private var broken: [LinkError?] { didSet { anyBroken = true } }
    private var anyBroken = false
    /// Whether something was sent since the links last moved: a verbs link gives it to the card only then.
    private var isUnposted = false
    /// The next communicator's number, as far as this rank knows.
    var nextNumber = 2

    /// A failure on its way to another node.
    struct Notice: BitwiseCopyable {
        var code: UInt32 = 0
        var rank: Int32 = -1
        var operation: UInt32 = 0
        /// The communicator's.
        var number: UInt32 = 0
        var sequence: UInt64 = 0
        var host: InlineArray<64, UInt8> = .init(repeating: 0)
        var message: InlineArray<360, UInt8> = .init(repeating: 0)
    }

    private static let noticeSignature: UInt64 = 0x6e6f_7469_6365_0001
    /// Channels 0 … 7 belong to nobody but the wires themselves.
    static func firstChannel(ofCommunicator number: Int) -> Int { number * 8 }
    /// Where channels end.
    static let greatestNumber = TCPLink.greatestChannel / 8

    init(links: [(any Link)?], routes: [Route], endpoint: VerbsEndpoint? = nil, hasVerbs: Bool = false) {
        self.links = links
        self.routes = routes
        self.endpoint = endpoint
        self.hasVerbs = hasVerbs
        notices = .allocate(capacity: links.count)
        notices.initialize(repeating: Notice(), count: links.count)
        tickets = Array(repeating: nil, count: links.count)
        broken = Array(repeating: nil, count: links.count)
        for rank in links.indices { listen(to: rank) }
    }

    deinit {
        guard mix_process_id() == process else {
            // In a forked child: the connections are the parent's to end.
            for case let link? in links { _ = Unmanaged.passRetained(link as AnyObject) }
            if let endpoint { _ = Unmanaged.passRetained(endpoint) }
            return
        }
        for link in links { link?.close() }
        notices.deallocate()
        for notice in outbox { notice.deallocate() }
    }

    func send(
        _ address: UnsafeRawPointer?, _ bytes: Int, to rank: Int, channel: Int, signature: UInt64, atOnce: Bool
    ) -> LinkTicket {
        lock.withLock { _ in
            isUnposted = endpoint != nil
            let ticket = links[rank]!.send(address, bytes, channel: channel, signature: signature)
            if atOnce { links[rank]!.sendNow() }
            return ticket
        }
    }

    func receive(
        _ address: UnsafeMutableRawPointer?, _ bytes: Int, from rank: Int, channel: Int, signature: UInt64
    ) -> LinkTicket {
        lock.withLock { _ in links[rank]!.receive(address, bytes, channel: channel, signature: signature) }
    }

    func moved(_ ticket: LinkTicket, _ rank: Int) -> Int { lock.withLock { _ in links[rank]!.moved(ticket) } }
    func isComplete(_ ticket: LinkTicket, _ rank: Int) -> Bool {
        lock.withLock { _ in links[rank]!.isComplete(ticket) }
    }

    /// Whether any two ranks are joined over verbs: the same on all, for they cut an operation alike.
    let hasVerbs: Bool
    var hasUnposted: Bool { endpoint != nil && lock.withLock { _ in isUnposted } }

    /// What the links have done so far, all together.
    var counters: LinkCounters {
        lock.withLock { _ in links.reduce(LinkCounters()) { sum, link in link.map { sum + $0.counters } ?? sum } }
    }

    /// Moves what can be moved on all links. Throws what another node says went wrong in this communicator, and what a
    /// peer sent that this rank does not expect; a link that is lost is remembered.
    ///
    /// - Parameter onlyBusy: leaves out the links on which nothing is under way but news.
    func advance(
        communicator number: Int, onlyBusy: Bool, _ describe: (Int, LinkError) -> CollectiveError
    ) throws(CollectiveError) {
        let failure = lock.withLock { _ -> CollectiveError? in
            isUnposted = false
            for rank in links.indices {
                guard let link = links[rank], broken[rank] == nil, !onlyBusy || link.isBusy else { continue }
                do throws(LinkError) { try link.advance() } catch { broken[rank] = error }
                // What a peer said before its link broke is the cause of the break.
                readNotice(from: rank)
                if case .unexpected? = broken[rank], failures[number] == nil { return describe(rank, broken[rank]!) }
            }
            return failures[number]
        }
        if let failure { throw failure }
    }

    /// Whether any link is of no more use.
    var isBroken: Bool { lock.withLock { _ in anyBroken } }

    /// Why the link to this rank is of no more use, if it isn't.
    func loss(of rank: Int) -> LinkError? { lock.withLock { _ in broken[rank] } }

    /// Sleeps until some of the first 64 links may move something, at most so many microseconds.
    func sleep(microseconds: Int) {
        var entries = InlineArray<64, mix_poll_entry>(repeating: mix_poll_entry(file: -1, write: 0))
        var count = 0
        lock.withLock { _ in
            // All verbs links have one descriptor.
            if let endpoint {
                entries[0] = mix_poll_entry(file: endpoint.descriptor, write: 0)
                count = 1
            }
            for rank in links.indices where broken[rank] == nil && count < entries.count {
                guard let link = links[rank], !(link is VerbsLink) else { continue }
                let (file, wantsToWrite) = link.descriptor
                guard file >= 0 else { continue }
                entries[count] = mix_poll_entry(file: file, write: wantsToWrite ? 1 : 0)
                count += 1
            }
        }
        withUnsafePointer(to: &entries) { list in
            list.withMemoryRebound(to: mix_poll_entry.self, capacity: count) {
                mix_poll($0, Int32(count), Int64(microseconds) * 1000)
            }
        }
    }

    /// Tells every other node what went wrong in a communicator, once.
    func tell(_ error: CollectiveError, communicator number: Int, operation: Operation, sequence: UInt64) {
        lock.withLock { _ in
            guard failures[number] == nil else { return }
            failures[number] = error
            var notice = Notice()
            notice.code = error.code.rawValue
            notice.rank = Int32(error.rank ?? -1)
            notice.operation = UInt32((error.operation ?? operation).code)
            notice.number = UInt32(number)
            notice.sequence = error.sequence ?? sequence
            notice.host = .init(text: error.host ?? "")
            notice.message = .init(text: error.message)
            let place = UnsafeMutablePointer<Notice>.allocate(capacity: 1)
            place.initialize(to: notice)
            outbox.append(place)
            for (rank, link) in links.enumerated() {
                guard let link else { continue }
                // Over a broken link nothing goes, unless all that's wrong with it is what came.
                if let reason = broken[rank] { guard case .unexpected = reason else { continue } }
                _ = link.send(
                    UnsafeRawPointer(place), MemoryLayout<Notice>.size, channel: 0, signature: Self.noticeSignature)
                // A link that does not take it now takes it with the next message, or its peer finds out by itself.
                do throws(LinkError) { try link.advance() } catch { broken[rank] = broken[rank] ?? error }
            }
        }
    }

    private func listen(to rank: Int) {
        tickets[rank] = links[rank]?.receive(
            UnsafeMutableRawPointer(notices + rank), MemoryLayout<Notice>.size, channel: 0,
            signature: Self.noticeSignature)
    }

    private func readNotice(from rank: Int) {
        guard let ticket = tickets[rank], links[rank]!.isComplete(ticket) else { return }
        let notice = notices[rank]
        let number = Int(notice.number)
        if failures[number] == nil {
            failures[number] = CollectiveError(
                .init(rawValue: notice.code), notice.message.text, rank: notice.rank < 0 ? nil : Int(notice.rank),
                host: notice.host.text, operation: Operation(code: UInt8(truncatingIfNeeded: notice.operation)),
                sequence: notice.sequence)
        }
        listen(to: rank)
    }
}

// What a card reads and writes must be registered with it: a rank's heap once, the caller's other memory for the length
// of an operation.
extension Wires: MemoryRegistrar {
    func register(_ address: UnsafeMutableRawPointer, bytes: Int) throws(CollectiveError) {
        guard let endpoint else { return }
        try lock.withLock { _ throws(CollectiveError) in try endpoint.register(address, bytes: bytes) }
    }

    func deregister(_ address: UnsafeMutableRawPointer) {
        guard let endpoint else { return }
        lock.withLock { _ in endpoint.deregister(address) }
    }

    /// To be called when an operation ends: the caller may give its memory back.
    func forgetForeignMemory() {
        guard let endpoint else { return }
        lock.withLock { _ in endpoint.forgetForeignMemory() }
    }
}
