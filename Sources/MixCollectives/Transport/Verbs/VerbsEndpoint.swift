internal import CMixSystem
internal import CMixVerbs
internal import Glibc

/// A rank's end of the RDMA network: one device context, protection domain and completion queue for all its links, and
/// the listener that peers connect to.
final class VerbsEndpoint {
    let choice: VerbsChoice
    let rank: Int
    /// What peers need to connect, for the rendezvous to hand round.
    let address: [UInt8]
    /// Requests for a connection that were refused, because of their token mostly.
    private(set) var refused = 0
    /// Why nothing works any more on this device.
    @exclusivity(unchecked) private(set) var failure: String?
    let handle: OpaquePointer
    private var registrations = RegistrationCache()
    @exclusivity(unchecked) private var links: [UInt32: Unmanaged<VerbsLink>] = [:]
    /// The link of the last completion: most likely that of the next.
    @exclusivity(unchecked) private var latest: (queuePair: UInt32, link: Unmanaged<VerbsLink>)?
    private let completions: UnsafeMutablePointer<mix_verbs_completion>
    @exclusivity(unchecked) private var nextLook: Int64 = 0
    @exclusivity(unchecked) private var idlePolls: UInt32 = 0

    /// Listens on the device's address. `peers`: how many links there will be, at most.
    init(_ choice: VerbsChoice, rank: Int, peers: Int) throws(CollectiveError) {
        var address = mix_verbs_address()
        withUnsafeMutableBytes(of: &address.address) { $0.copyBytes(from: choice.gid.bytes) }
        address.interface = choice.gid.scope
        var handle: OpaquePointer?
        let result = mix_verbs_open(&address, Int32(Swift.max(1, peers) * VerbsLink.completionsAtMost), &handle)
        guard result == 0, let handle else { throw .system("opening the RDMA device, \(choice)", -result) }
        self.choice = choice
        self.rank = rank
        self.handle = handle
        self.address = choice.gid.bytes + [UInt8(address.port >> 8), UInt8(address.port & 255)]
        completions = .allocate(capacity: Int(MIX_VERBS_BATCH))
    }

    deinit {
        registrations = RegistrationCache()
        completions.deallocate()
        mix_verbs_close(handle)
    }

    // MARK: Memory

    /// Registers memory of the library's own, until `deregister`, which must come before its pages are given back.
    func register(_ address: UnsafeMutableRawPointer, bytes: Int) throws(CollectiveError) {
        registrations.add(try Registration(handle, base: UInt(bitPattern: address), bytes: bytes))
    }

    func deregister(_ address: UnsafeMutableRawPointer) { registrations.remove(base: UInt(bitPattern: address)) }

    /// To be called when an operation ends: the caller's own memory may be gone before the next.
    func forgetForeignMemory() { registrations.forgetForeign() }

    func registration(_ address: UnsafeRawPointer, _ bytes: Int) throws(CollectiveError) -> Registration {
        try registrations.find(handle, address, bytes)
    }

    // MARK: Connections

    /// Connects to a peer that is accepting, or will be before the deadline (nanoseconds, as of `mix_now`).
    ///
    /// `token` is shown to the peer, which must answer with `expecting`; both have 32 bytes.
    func connect(
        to peer: Int, at bytes: [UInt8], token: [UInt8], expecting: [UInt8], deadline: Int64
    ) throws(CollectiveError) -> VerbsLink {
        guard bytes.count == 18 else { throw CollectiveError(.rendezvousFailed, "rank \(peer)'s RDMA address is none") }
        var address = mix_verbs_address()
        withUnsafeMutableBytes(of: &address.address) { $0.copyBytes(from: bytes.prefix(16)) }
        address.port = UInt16(bytes[16]) << 8 | UInt16(bytes[17])
        address.interface = choice.gid.scope
        var connection: OpaquePointer?
        let prepared = mix_verbs_prepare(
            handle, &address, VerbsLink.writesAtMost, VerbsLink.receivesAtMost, deadline, &connection)
        guard prepared == 0, let connection else { throw refusal(of: peer, "has no route", -prepared) }
        let link = try VerbsLink(self, connection, peer: peer)
        var reply = [UInt8](repeating: 0, count: Int(MIX_VERBS_PRIVATE_BYTES))
        let result = mix_verbs_connect(connection, link.handshake(token).bytes, &reply, deadline)
        guard result == 0 else {
            link.abandon()
            throw refusal(of: peer, "did not accept", -result)
        }
        guard let answer = VerbsHandshake(reply), answer.rank == peer, answer.proves(expecting) else {
            link.abandon()
            throw CollectiveError(
                .rendezvousFailed, "who answered for rank \(peer) does not know the secret", rank: peer)
        }
        try link.start(answer)
        return link
    }

    /// Accepts the next peer that knows the secret. `admit` tells, for a rank that asks, the token that it must show and
    /// the one to answer with, or nil when it is not welcome; others are refused, counted and waited past.
    func accept(
        deadline: Int64, admit: (Int) -> (expected: [UInt8], answer: [UInt8])?
    ) throws(CollectiveError) -> VerbsLink {
        while true {
            var request = [UInt8](repeating: 0, count: Int(MIX_VERBS_PRIVATE_BYTES))
            var connection: OpaquePointer?
            let result = mix_verbs_next_request(
                handle, VerbsLink.writesAtMost, VerbsLink.receivesAtMost, deadline, &request, &connection)
            if result == -ETIMEDOUT {
                throw CollectiveError(
                    .rendezvousFailed, "nobody connected over RDMA (\(refused) refused)", errno: ETIMEDOUT)
            }
            // Who connects and goes at once is a stranger too.
            guard result == 0, let connection else {
                refused += 1
                continue
            }
            guard let hello = VerbsHandshake(request), let (expected, answer) = admit(hello.rank),
                hello.proves(expected)
            else {
                refused += 1
                mix_verbs_reject(connection)
                continue
            }
            let link = try VerbsLink(self, connection, peer: hello.rank)
            let accepted = mix_verbs_accept(connection, link.handshake(answer).bytes, deadline)
            guard accepted == 0 else {
                link.abandon()
                throw refusal(of: hello.rank, "did not come through", -accepted)
            }
            try link.start(hello)
            return link
        }
    }

    private func refusal(of peer: Int, _ what: String, _ error: Int32) -> CollectiveError {
        CollectiveError(
            .rendezvousFailed,
            "rank \(peer) \(what) over RDMA (\(choice.device.name)): \(String(cString: mix_error_text(error)))",
            rank: peer, errno: error)
    }

    // MARK: Completions

    func add(_ link: VerbsLink, queuePair: UInt32) { links[queuePair] = Unmanaged.passUnretained(link) }

    func remove(queuePair: UInt32) {
        links[queuePair] = nil
        latest = nil
    }

    /// Takes what is complete, for whichever link.
    @discardableResult
    func poll() -> Int {
        var total = 0
        while total < 256 {
            let count = Int(mix_verbs_poll(handle, completions, MIX_VERBS_BATCH))
            if count == 0 { break }
            if count < 0 { failure = failure ?? "the completion queue can't be polled" }
            for index in 0..<Swift.max(0, count) {
                let completion = completions[index]
                if latest?.queuePair != completion.queue_pair {
                    latest = links[completion.queue_pair].map { (completion.queue_pair, $0) }
                }
                latest?.link._withUnsafeGuaranteedRef { $0.take(completion) }
            }
            total += Swift.max(0, count)
            if count < Int(MIX_VERBS_BATCH) { break }
        }
        return total
    }

    /// Asks the kernel now and then whether a device or a connection ended; that costs system calls, and so may the
    /// time. To be called when there was nothing to poll.
    @inline(__always)
    func lookForEvents() {
        idlePolls &+= 1
        if idlePolls % 1024 == 0 || nextLook == 0 { askForEvents() }
    }

    private func askForEvents() {
        let now = mix_now()
        guard now >= nextLook else { return }
        nextLook = now + 1_000_000
        if let event = mix_verbs_device_event(handle) { failure = failure ?? String(cString: event) }
        for link in links.values { link._withUnsafeGuaranteedRef { $0.lookForEnd() } }
    }

    /// The descriptor to wait on, armed: it is ready at once if something came before it was armed.
    var descriptor: Int32 {
        _ = mix_verbs_arm(handle)
        nextLook = 0
        if poll() > 0 { mix_verbs_wake(handle) }
        return mix_verbs_descriptor(handle)
    }
}
