internal import CMixSystem
internal import Glibc

/// How the ranks of several machines find each other: an all-gather of a few bytes of each through rank 0, which lets
/// nobody in who does not know the job's secret.
struct Rendezvous {
    let job: Job
    let place: RendezvousPlace
    let secret: Secret
    let interface: String?
    let isQuiet: Bool

    /// - Throws: ``CollectiveError/Code/invalidJob`` when the job's rendezvous is neither `tcp://` nor `file://`.
    init(_ job: Job, secret: Secret) throws(CollectiveError) {
        guard let place = try RendezvousPlace(job.rendezvous) else {
            throw CollectiveError(
                .invalidJob,
                "the rendezvous \"\(job.rendezvous)\" is for the ranks of one machine; between machines set "
                    + "MIX_RENDEZVOUS=tcp://host:port, where rank 0's host is, or file:///path on a file system that all share"
            )
        }
        let environment = Environment(Environment.current)
        self.job = job
        self.place = place
        self.secret = secret
        interface = environment["MIX_INTERFACE"]
        isQuiet = environment["MIX_QUIET"] != nil
    }

    /// Every rank's contribution, by rank, once all have come.
    ///
    /// Can be called again, by all ranks.
    ///
    /// - Throws: ``CollectiveError/Code/deadlineExceeded`` naming the ranks that did not come within the job's timeout;
    ///   ``CollectiveError/Code/invalidJob`` on all ranks where two say they are the same, or their sizes of the world
    ///   differ; ``CollectiveError/Code/rendezvousFailed`` where the place can't be used, or the secret is another.
    func gather(_ contribution: [UInt8]) throws(CollectiveError) -> [[UInt8]] {
        guard contribution.count <= Handshake.greatestPayload / job.worldSize else {
            throw CollectiveError(.invalidArgument, "\(contribution.count) bytes are too many to say at the rendezvous")
        }
        if job.worldSize == 1 { return [contribution] }
        let deadline = mix_now() + job.timeout.nanoseconds
        return job.rank == 0 ? try lead(contribution, until: deadline) : try follow(contribution, until: deadline)
    }

    // MARK: Rank 0

    private func lead(_ own: [UInt8], until deadline: Int64) throws(CollectiveError) -> [[UInt8]] {
        var port: Int32 = 0
        let listener: Connection
        switch place {
        case .tcp(let address): listener = try listen(address, &port)
        case .file: listener = try listen(nil, &port)
        }
        guard case .file(let path) = place else { return try lead(own, listener.socket, until: deadline) }
        let file = RendezvousFile(path: path, secret: secret)
        let content = try RendezvousFile.Content(addresses: ownAddresses(Int(port)), nonce: Handshake.nonce())
        try file.write(content)
        defer { file.remove(content.nonce) }
        return try lead(own, listener.socket, context: content.nonce, until: deadline)
    }

    private func lead(
        _ own: [UInt8], _ listener: Int32, context: [UInt8] = Handshake.noContext, until deadline: Int64
    ) throws(CollectiveError) -> [[UInt8]] {
        let acceptor = PeerAcceptor(listener: listener, secret: secret)
        var progress = WaitingProgress(worldSize: job.worldSize, isQuiet: isQuiet)
        var peers: [Int: PeerAcceptor.Peer] = [:]
        defer { for peer in peers.values { mix_close(peer.socket) } }
        do throws(CollectiveError) {
            while peers.count < job.worldSize - 1 {
                let ranks = Array(peers.keys)
                switch try acceptor.next(
                    until: Swift.min(deadline, progress.next), watching: ranks.map { peers[$0]!.socket })
                {
                case .readable(let index):
                    // It gave up or died. It may come again.
                    mix_close(peers.removeValue(forKey: ranks[index])!.socket)
                case .peer(let peer):
                    if let refusal = refusal(of: peer, context, peers) {
                        peer.refuse(refusal, secret: secret)
                        mix_close(peer.socket)
                        // A rank that does not fit means that the job can never be complete.
                        throw refusal
                    }
                    peers[Int(peer.claims.from)] = peer
                case .deadline:
                    let missing = (1..<job.worldSize).filter { peers[$0] == nil }
                    guard mix_now() >= deadline else {
                        progress.report(missing)
                        continue
                    }
                    throw self.missing(missing, acceptor.remarks)
                }
            }
        } catch {
            for peer in peers.values { peer.refuse(error, secret: secret) }
            throw error
        }
        let all = [own] + (1..<job.worldSize).map { peers[$0]!.payload }
        let table = Self.encoded(all)
        // A rank that died meanwhile is noticed by whoever connects to it.
        for rank in 1..<job.worldSize {
            _ = peers[rank]!.reply(Handshake.accepted, table, secret: secret, until: deadline + Self.grace)
        }
        return all
    }

    private func listen(_ address: NetworkAddress?, _ port: inout Int32) throws(CollectiveError) -> Connection {
        // A name may mean something else to rank 0's own machine than to the others, so it listens at all of its
        // addresses, except where the rendezvous is for this machine alone.
        var host: String?
        if let address, address.isLoopback {
            host = try address.resolved().get().first?.host
        }
        let listener =
            if let host { mix_tcp_listen(host, Int32(address?.port ?? 0), &port) } else {
                mix_tcp_listen(nil, Int32(address?.port ?? 0), &port)
            }
        guard listener >= 0 else {
            if listener == -EADDRINUSE {
                throw CollectiveError(
                    .rendezvousFailed,
                    "the port of the rendezvous \"\(job.rendezvous)\" is in use: another job or program has it, or a second "
                        + "process is rank 0 too; choose another port", rank: 0, host: Host.name, errno: EADDRINUSE)
            }
            throw .system("listening at the rendezvous \"\(job.rendezvous)\"", -listener)
        }
        return Connection(listener)
    }

    /// Where ranks of other machines may reach this one, the likeliest first.
    private func ownAddresses(_ port: Int) throws(CollectiveError) -> [NetworkAddress] {
        let chosen = try NetworkInterface.chosen(interface, near: nil)
        let others = NetworkInterface.all().filter {
            interface == nil && $0.isUp && !$0.address.hasPrefix("fe80:") && $0 != chosen
        }
        return ([chosen] + others).map { NetworkAddress(host: $0.address, port: port) }
    }

    private func refusal(
        of peer: PeerAcceptor.Peer, _ context: [UInt8], _ peers: [Int: PeerAcceptor.Peer]
    ) -> CollectiveError? {
        let (claims, address) = (peer.claims, Connection.peerText(peer.socket))
        let rank = Int(claims.from)
        guard claims.purpose == Handshake.Purpose.rendezvous.rawValue, claims.to == 0, claims.context == context else {
            return CollectiveError(
                .invalidJob, "\(address) wants something else than this job's rendezvous", rank: rank)
        }
        guard claims.worldSize == job.worldSize else {
            return CollectiveError(
                .invalidJob,
                "rank \(rank) at \(address) says that the job has \(claims.worldSize) ranks, rank 0 on \(Host.name) says "
                    + "\(job.worldSize)", rank: rank)
        }
        guard rank >= 0, rank < job.worldSize else {
            return CollectiveError(.invalidJob, "\(address) says it is rank \(rank), outside 0 ..< \(job.worldSize)")
        }
        if rank == 0 {
            return CollectiveError(
                .invalidJob, "two processes are rank 0: one on \(Host.name), and one at \(address)", rank: 0)
        }
        if let other = peers[rank] {
            return CollectiveError(
                .invalidJob,
                "two processes are rank \(rank): one at \(Connection.peerText(other.socket)), and one at \(address)",
                rank: rank)
        }
        return nil
    }

    private func missing(_ ranks: [Int], _ remarks: String) -> CollectiveError {
        CollectiveError(
            .deadlineExceeded,
            "\(ranks.count == 1 ? "rank" : "ranks") \(WaitingProgress.text(ranks)) of \(job.worldSize) did not come to the rendezvous "
                + "\"\(job.rendezvous)\" within \(job.timeout) (MIX_TIMEOUT)" + remarks + unknownName, rank: ranks.first
        )
    }

    /// A name that nobody knows is a typing error, or one of a host so new that it will be known in a moment: it counts
    /// at the deadline.
    private var unknownName: String {
        guard case .tcp(let address) = place, case .failure(let error) = address.resolved() else { return "" }
        return "; \(error.message)"
    }

    // MARK: Other ranks

    /// Rank 0 gives up at its own deadline and says so: the others wait a little longer than that.
    private static let grace: Int64 = 2_000_000_000

    private func follow(_ own: [UInt8], until deadline: Int64) throws(CollectiveError) -> [[UInt8]] {
        var trouble = ""
        var pause: Int32 = 5
        while true {
            let (addresses, context) = try whereToGo(&trouble)
            for address in addresses {
                let connector = PeerConnector(
                    .rendezvous, from: job.rank, to: 0, worldSize: job.worldSize, context: context, payload: own,
                    secret: secret)
                switch try connector.attempt(address, until: deadline, replyUntil: deadline + Self.grace) {
                case .joined(_, let table):
                    guard let all = Self.decoded(table), all.count == job.worldSize else {
                        throw CollectiveError(.rendezvousFailed, "what rank 0 sent makes no sense", rank: 0)
                    }
                    return all
                case .nobody(let errno, let wasHeard):
                    trouble = "\(address): \(String(cString: mix_error_text(errno)))"
                    if wasHeard { trouble = "it went away during the rendezvous; \(trouble)" }
                case .stranger(let text):
                    trouble = text
                    // A file may be an earlier job's; an address is meant.
                    if case .tcp = place {
                        throw CollectiveError(
                            .rendezvousFailed, "at the rendezvous \"\(job.rendezvous)\": \(text)", rank: 0)
                    }
                }
            }
            guard mix_now() < deadline else {
                throw CollectiveError(
                    .deadlineExceeded,
                    "rank 0, where all ranks meet, did not come to the rendezvous \"\(job.rendezvous)\" within \(job.timeout) "
                        + "(MIX_TIMEOUT); the last attempt: \(trouble)", rank: 0)
            }
            // Nothing tells when somebody begins to listen elsewhere.
            mix_rest(pause)
            pause = Swift.min(pause * 2, 100)
        }
    }

    private func whereToGo(_ trouble: inout String) throws(CollectiveError) -> ([NetworkAddress], context: [UInt8]) {
        switch place {
        case .tcp(let address):
            switch address.resolved() {
            case .success(let addresses): return (addresses, Handshake.noContext)
            case .failure(let error):
                // Names of hosts that start at the same time may come later than this rank.
                trouble = error.message
                return ([], Handshake.noContext)
            }
        case .file(let path):
            guard let content = RendezvousFile(path: path, secret: secret).read() else {
                trouble = "the file is not there, or not one of a job with this secret (MIX_SECRET)"
                return ([], Handshake.noContext)
            }
            return (content.addresses, content.nonce)
        }
    }

    // MARK: Several runs of bytes as one

    static func encoded(_ all: [[UInt8]]) -> [UInt8] {
        all.reduce(into: []) { $0 += Handshake.bytes(of: UInt32($1.count)) + $1 }
    }

    static func decoded(_ table: [UInt8]) -> [[UInt8]]? {
        var (all, offset): ([[UInt8]], Int) = ([], 0)
        while offset < table.count {
            guard offset + 4 <= table.count else { return nil }
            let end = offset + 4 + Int(Handshake.word(table, offset))
            guard end <= table.count else { return nil }
            all.append(Array(table[offset + 4..<end]))
            offset = end
        }
        return all
    }
}
