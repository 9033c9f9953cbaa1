internal import CMixSystem
internal import CMixVerbs
internal import Glibc

/// A link over a reliable connected queue pair.
///
/// Large messages are written straight into the memory where they are wanted: the receiver announces it, the sender
/// writes in pieces, the immediate of each tells the receiver that it is there. Small ones go with a head into a slot of
/// the receiver's ring, unasked. Every write takes one of the receives that the peer has posted and every packet a slot;
/// the peer says when there are new ones, so that neither ever runs out.
///
/// Its fields, and its endpoint's, are read and written by one thread and never passed on by reference; checking every
/// access for that at run time would be a quarter of a small message's time.
final class VerbsLink: Link {
    let peer: Int
    let endpoint: VerbsEndpoint
    @exclusivity(unchecked) private(set) var counters = LinkCounters()

    /// Sends and receives, per channel.
    @exclusivity(unchecked) var sends: [MessageQueue<VerbsSend>] = []
    @exclusivity(unchecked) var receives: [MessageQueue<VerbsReceive>] = []
    /// Packets that wait for a slot.
    @exclusivity(unchecked) var outbox = MessageQueue<VerbsNote>()
    /// Sends that were announced and are not all posted; taken in turn.
    @exclusivity(unchecked) var announced: [VerbsMessageName] = []
    /// Large sends that nobody announced yet.
    @exclusivity(unchecked) var unannounced = 0
    @exclusivity(unchecked) var looksForLateSends: UInt32 = 0
    /// Small messages that came before they were expected, and their bytes together.
    @exclusivity(unchecked) var early: [VerbsMessageName: VerbsEarlyMessage] = [:]
    @exclusivity(unchecked) var earlyBytes = 0
    /// Announcements that came before their send, and intents that came before their receive.
    @exclusivity(unchecked) var invitations: [VerbsMessageName: VerbsPacket] = [:]
    @exclusivity(unchecked) var intents: [VerbsMessageName: VerbsPacket] = [:]
    /// By tag, the receives announced to the peer.
    @exclusivity(unchecked) var tagged: [VerbsMessageName]
    @exclusivity(unchecked) var nextTag: UInt32 = 0
    @exclusivity(unchecked) var failure: LinkError?
    /// Whether anything happened since the last time that this link moved what it could.
    @exclusivity(unchecked) var hasWork = true

    private let connection: OpaquePointer
    private let queuePair: UInt32
    private let inlineBytes: Int
    /// The peer's ring and ours, each of `VerbsPacket.slots` slots; ours is followed by the copies of what was sent.
    private let ring: UnsafeMutableRawPointer
    private let ringRegistration: Registration
    @exclusivity(unchecked) private var peerRing: UInt64 = 0
    @exclusivity(unchecked) private var peerRingKey: UInt32 = 0

    /// Writes posted, and retired by a completion.
    @exclusivity(unchecked) private var written: UInt64 = 0
    @exclusivity(unchecked) private var retired: UInt64 = 0
    /// What the piece with that number (modulo the size) was part of.
    @exclusivity(unchecked) private var pieces: [VerbsPiece]
    /// Writes that wait for the doorbell.
    private let batch: UnsafeMutablePointer<mix_verbs_write>
    @exclusivity(unchecked) private var batchCount = 0
    @exclusivity(unchecked) private var sinceSignal = 0
    @exclusivity(unchecked) private var batchEndsMessage = false

    /// Credits: packets sent and taken by the peer; receives that the peer posted anew. And the other way round.
    @exclusivity(unchecked) private var packetsSent: UInt32 = 0
    @exclusivity(unchecked) private var packetsTakenByPeer: UInt32 = 0
    @exclusivity(unchecked) private var repostedByPeer: UInt32 = 0
    @exclusivity(unchecked) private var packetsArrived: UInt32 = 0
    @exclusivity(unchecked) private var packetsTaken: UInt32 = 0
    @exclusivity(unchecked) private var reposted: UInt32 = 0
    @exclusivity(unchecked) private var unposted: Int32 = 0
    @exclusivity(unchecked) private var toldReposted: UInt32 = 0
    @exclusivity(unchecked) private var toldTaken: UInt32 = 0
    private var isOpen = true

    static let writesAtMost: Int32 = 128
    static let receivesAtMost: Int32 = 256
    static let completionsAtMost = Int(writesAtMost + receivesAtMost)
    /// Receives kept back for credits, so that two ranks that both have nothing left can say that they have.
    private static let reserve: UInt32 = 32
    /// Small enough for the receiver to combine what is there while the rest comes; a message of 1 MiB is one completion.
    static let pieceBytes = 64 << 10
    /// Writes per completion: often enough to know of room, seldom enough to poll little, also when a message's end takes
    /// another.
    private static let signalInterval = 32
    static let earlyLimit = 8 << 20
    static let tags = 1024
    private static let receiveID = UInt64(1) << 63

    init(_ endpoint: VerbsEndpoint, _ connection: OpaquePointer, peer: Int) throws(CollectiveError) {
        let bytes = 2 * VerbsPacket.slots * VerbsPacket.slotBytes
        let ring = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: SharedHeap.pageSize)
        ring.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        do {
            ringRegistration = try Registration(
                endpoint.handle, base: UInt(bitPattern: ring), bytes: bytes, owned: ring)
        } catch {
            ring.deallocate()
            mix_verbs_reject(connection)
            throw error
        }
        self.ring = ring
        self.endpoint = endpoint
        self.connection = connection
        self.peer = peer
        queuePair = mix_verbs_queue_pair(connection)
        inlineBytes = Int(mix_verbs_inline_bytes(connection))
        batch = .allocate(capacity: Int(MIX_VERBS_BATCH))
        pieces = Array(repeating: VerbsPiece(), count: Int(Self.writesAtMost))
        tagged = Array(repeating: VerbsMessageName(channel: 0, number: .max), count: Self.tags)
        endpoint.add(self, queuePair: queuePair)
        let result = mix_verbs_post_receives(connection, Self.receiveID, Self.receivesAtMost)
        if result != 0 { failure = .lost(reason: "receives can't be posted to rank \(peer)", errno: -result) }
    }

    deinit {
        abandon()
        batch.deallocate()
    }

    // MARK: Life

    func handshake(_ token: [UInt8]) -> VerbsHandshake {
        VerbsHandshake(
            rank: endpoint.rank, ring: UInt64(UInt(bitPattern: ring)), ringKey: ringRegistration.remoteKey,
            mtu: endpoint.choice.device.mtu, token: token)
    }

    func start(_ handshake: VerbsHandshake) throws(CollectiveError) {
        peerRing = handshake.ring
        peerRingKey = handshake.ringKey
        let path = Int(mix_verbs_path_mtu(connection))
        let least = Swift.min(handshake.mtu, Int(mix_verbs_active_mtu(connection)))
        guard path <= least else {
            abandon()
            throw CollectiveError(
                .rendezvousFailed, "the path to rank \(peer) has an MTU of \(path), its ports only \(least)", rank: peer
            )
        }
    }

    /// Ends the connection at once.
    func abandon() {
        guard isOpen else { return }
        isOpen = false
        failure = failure ?? .lost(reason: "the link to rank \(peer) is closed", errno: ENOTCONN)
        endpoint.remove(queuePair: queuePair)
        mix_verbs_disconnect(connection)
    }

    func close() {
        // What is posted must be acknowledged before the queue pair goes; whoever doesn't answer has had his time.
        let end = mix_now() + 2_000_000_000
        if isOpen, failure == nil, (try? advance()) != nil {
            write(VerbsImmediate.make(VerbsImmediate.goodbye, reposted &+ UInt32(unposted)), signal: true)
            flush()
            while failure == nil, retired < written, mix_now() < end { endpoint.poll() }
        }
        abandon()
    }

    /// Asks whether the peer disconnected. What arrived before that is in the completion queue by now.
    func lookForEnd() {
        guard failure == nil, isOpen, mix_verbs_is_disconnected(connection) != 0 else { return }
        endpoint.poll()
        takePackets()
        fail("rank \(peer) closed the connection or ended", ECONNRESET)
    }

    func fail(_ reason: String, _ error: Int32) {
        failure = failure ?? .lost(reason: "\(endpoint.choice.device.name): \(reason)", errno: error)
    }

    var descriptor: (file: Int32, wantsToWrite: Bool) { (endpoint.descriptor, false) }

    // MARK: Moving

    func advance() throws(LinkError) {
        if failure == nil {
            // What this rank wants first: the peer may be waiting for it.
            if hasWork { work() }
            if endpoint.poll() > 0 {
                if hasWork { work() }
            } else {
                endpoint.lookForEvents()
            }
            if let event = endpoint.failure { fail(event, ENETDOWN) }
        }
        if let failure { throw failure }
    }

    private func work() {
        if packetsTaken != packetsArrived { takePackets() }
        if !outbox.isEmpty { sendPackets() }
        if !announced.isEmpty { sendPieces() }
        if unannounced > 0 { noteLateSends() }
        giveCredit()
        flush()
        // Whatever else there will be comes with a completion or a call.
        hasWork = unannounced > 0 || packetsTaken != packetsArrived
    }

    private var roomForWrites: Bool {
        written - retired < UInt64(Self.writesAtMost)
            && UInt32(truncatingIfNeeded: written) &- repostedByPeer < UInt32(Self.receivesAtMost) - Self.reserve
    }

    private var roomForPacket: Bool {
        roomForWrites && packetsSent &- packetsTakenByPeer < UInt32(VerbsPacket.slots)
    }

    private func sendPackets() {
        while !outbox.isEmpty, roomForPacket {
            let note = outbox[outbox.first]
            outbox.removeFirst()
            var notes: [VerbsPacket] = []
            // Announcements that wait together go together.
            while note.packet.kind == VerbsPacket.Kind.announcement, notes.count < VerbsPacket.notesAtMost,
                !outbox.isEmpty, outbox[outbox.first].packet.kind == VerbsPacket.Kind.announcement
            {
                notes.append(outbox[outbox.first].packet)
                outbox.removeFirst()
            }
            notes.withUnsafeBytes { notes in
                write(note.packet, payload: note.payload ?? notes.baseAddress, extra: notes.count)
            }
            if note.packet.kind == VerbsPacket.Kind.message { completeSend(note.name) }
        }
    }

    /// Sends a small message at once, if nothing is before it.
    func sendsAtOnce(_ packet: VerbsPacket, payload: UnsafeRawPointer?) -> Bool {
        guard outbox.isEmpty, roomForPacket, failure == nil else { return false }
        write(packet, payload: payload, extra: 0)
        flush()
        return true
    }

    /// Writes a packet into the next slot, with a message's bytes or `extra` other bytes behind it.
    private func write(_ original: VerbsPacket, payload: UnsafeRawPointer?, extra: Int) {
        let slot = Int(packetsSent % UInt32(VerbsPacket.slots)) * VerbsPacket.slotBytes
        let copy = ring + VerbsPacket.slots * VerbsPacket.slotBytes + slot
        var packet = original
        packet.reposted = reposted
        packet.taken = packetsTaken
        packet.notes = UInt32(extra / VerbsPacket.noteBytes)
        (toldReposted, toldTaken) = (reposted, packetsTaken)
        copy.storeBytes(of: packet, as: VerbsPacket.self)
        var (head, length) = (VerbsPacket.headBytes, extra)
        if packet.kind == VerbsPacket.Kind.message {
            (head, length) = (VerbsPacket.messageHeadBytes, Int(packet.bytes))
            counters.bytesCopied += UInt64(length)
            counters.bytesSent += UInt64(length)
        }
        if length > 0, let payload { (copy + head).copyMemory(from: payload, byteCount: length) }
        packetsSent &+= 1
        // A packet's copy is free again when the peer has taken the packet, so nobody waits for its completion.
        write(
            VerbsImmediate.make(VerbsImmediate.packet, 0), from: UnsafeRawPointer(copy),
            key: ringRegistration.localKey, bytes: head + length, to: peerRing + UInt64(slot),
            peerKey: peerRingKey)
    }

    private func sendPieces() {
        while let name = announced.first, roomForWrites {
            announced.removeFirst()
            if !sendPiece(of: name) { announced.append(name) }
        }
    }

    /// Writes the next piece; true when it was the last.
    private func sendPiece(of name: VerbsMessageName) -> Bool {
        let send = sends[name.channel][name.number]
        let bytes = Swift.min(Self.pieceBytes, send.bytes - send.posted)
        let isLast = send.posted + bytes == send.bytes
        pieces[Int(written % UInt64(Self.writesAtMost))] = VerbsPiece(name: name, bytes: bytes)
        sends[name.channel][name.number].posted += bytes
        counters.bytesSent += UInt64(bytes)
        // Before the write, which may post the batch.
        if isLast { batchEndsMessage = true }
        write(
            VerbsImmediate.make(VerbsImmediate.piece, send.tag), from: send.address.map { $0 + send.posted },
            key: send.registration?.localKey ?? 0, bytes: bytes, to: send.target + UInt64(send.posted),
            peerKey: send.key)
        return isLast
    }

    /// Sends what waits, before this end gives up.
    func sendLast() {
        sendPackets()
        flush()
    }

    private var creditValue: UInt32 { (reposted & 0x7fff) << 15 | packetsTaken & 0x7fff }

    private func giveCredit() {
        guard
            reposted &- toldReposted >= UInt32(Self.receivesAtMost) / 4
                || packetsTaken &- toldTaken >= UInt32(VerbsPacket.slots) / 4,
            written - retired < UInt64(Self.writesAtMost)
        else { return }
        (toldReposted, toldTaken) = (reposted, packetsTaken)
        write(VerbsImmediate.make(VerbsImmediate.credit, creditValue))
    }

    private func write(
        _ immediate: UInt32, from address: UnsafeRawPointer? = nil, key: UInt32 = 0, bytes: Int = 0,
        to target: UInt64 = 0,
        peerKey: UInt32 = 0, signal: Bool = false
    ) {
        sinceSignal += 1
        let isSignaled = signal || sinceSignal == Self.signalInterval
        if isSignaled { sinceSignal = 0 }
        (batch + batchCount).initialize(
            to: mix_verbs_write(
                id: written, local: address, remote: target, local_key: key, remote_key: peerKey, bytes: UInt32(bytes),
                immediate: immediate, is_signaled: isSignaled ? 1 : 0, is_inline: bytes <= inlineBytes ? 1 : 0))
        written += 1
        counters.workRequests += 1
        batchCount += 1
        if batchCount == Int(MIX_VERBS_BATCH) { flush() }
    }

    /// Posts what was gathered: one ring of the doorbell.
    private func flush() {
        guard batchCount > 0 else { return }
        // The memory of a message is the caller's again once its last piece is known to be there.
        if batchEndsMessage, sinceSignal > 0 {
            batch[batchCount - 1].is_signaled = 1
            sinceSignal = 0
        }
        batchEndsMessage = false
        let result = mix_verbs_post_writes(connection, batch, Int32(batchCount))
        if result != 0 {
            fail("writes can't be posted to rank \(peer): \(String(cString: mix_error_text(-result)))", -result)
        }
        counters.doorbells += 1
        batchCount = 0
    }

    // MARK: Completions

    func take(_ completion: mix_verbs_completion) {
        hasWork = true
        let isReceive = completion.id & Self.receiveID != 0
        if isReceive { counters.arrivals += 1 } else { counters.completions += 1 }
        guard completion.status == 0 else {
            // The first says why, the rest that there was one.
            guard failure == nil else { return }
            let text = String(cString: mix_verbs_status_text(completion.status))
            let what = isReceive ? "receiving from" : "a write to"
            let reason =
                mix_verbs_is_flush(completion.status) != 0
                ? "rank \(peer) closed the connection or ended (\(text))"
                : "\(what) rank \(peer) failed: \(text), vendor code \(completion.vendor_error)"
            fail(reason, mix_verbs_is_flush(completion.status) != 0 ? ECONNRESET : EIO)
            return
        }
        guard isReceive else {
            retire(upTo: completion.id)
            return
        }
        unposted += 1
        let value = completion.immediate & 0x3fff_ffff
        switch completion.immediate >> 30 {
        case VerbsImmediate.packet: packetsArrived &+= 1
        case VerbsImmediate.piece: counters.bytesReceived += UInt64(arrived(tag: value))
        case VerbsImmediate.goodbye:
            // An acknowledgement that is lost on the way would be repeated by nobody once the peer has gone.
            let arrived = retired &+ UInt64((value &- UInt32(truncatingIfNeeded: retired)) & 0x3fff_ffff)
            if arrived > retired, arrived <= written { retire(upTo: arrived - 1) }
        default:
            repostedByPeer &+= ((value >> 15) &- repostedByPeer) & 0x7fff
            packetsTakenByPeer &+= ((value & 0x7fff) &- packetsTakenByPeer) & 0x7fff
        }
        if unposted == MIX_VERBS_BATCH {
            let result = mix_verbs_post_receives(connection, Self.receiveID, unposted)
            if result != 0 { fail("receives can't be posted to rank \(peer)", -result) }
            reposted &+= UInt32(unposted)
            unposted = 0
        }
    }

    /// A completion speaks for all writes before it.
    private func retire(upTo number: UInt64) {
        while retired <= number {
            let index = Int(retired % UInt64(Self.writesAtMost))
            if pieces[index].bytes > 0 {
                pieceIsThere(pieces[index])
                pieces[index].bytes = 0
            }
            retired += 1
        }
    }

    private func takePackets() {
        // Early messages are copied aside so that one channel never blocks another, up to a limit.
        while packetsTaken != packetsArrived, earlyBytes < Self.earlyLimit, failure == nil {
            let slot = ring + Int(packetsTaken % UInt32(VerbsPacket.slots)) * VerbsPacket.slotBytes
            let packet = slot.load(as: VerbsPacket.self)
            packetsTaken &+= 1
            repostedByPeer = newer(packet.reposted, repostedByPeer)
            packetsTakenByPeer = newer(packet.taken, packetsTakenByPeer)
            counters.bytesCopied += UInt64(take(packet, payload: slot + VerbsPacket.messageHeadBytes))
            if packet.kind == VerbsPacket.Kind.message {
                counters.bytesReceived += packet.bytes
            } else {
                for index in 0..<Swift.min(Int(packet.notes), VerbsPacket.notesAtMost) {
                    let offset = VerbsPacket.headBytes + index * VerbsPacket.noteBytes
                    _ = take(slot.load(fromByteOffset: offset, as: VerbsPacket.self), payload: slot)
                }
            }
        }
    }

    /// A credit may overtake a packet that waits in the ring.
    private func newer(_ one: UInt32, _ other: UInt32) -> UInt32 { Int32(bitPattern: one &- other) > 0 ? one : other }
}
