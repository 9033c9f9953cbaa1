internal import CMixSystem

/// Joins this rank to others, each by one RDMA connection that has proved both its ends.
struct VerbsMesh {
    let endpoint: VerbsEndpoint
    /// Of all ranks, by rank.
    let introductions: [Introduction]
    let secret: Secret
    let timeout: Duration
    /// What all ranks have said: the job's mark, different with every job.
    private let context: [UInt8]

    init(_ endpoint: VerbsEndpoint, _ introductions: [Introduction], secret: Secret, timeout: Duration) {
        self.endpoint = endpoint
        self.introductions = introductions
        self.secret = secret
        self.timeout = timeout
        context = Secret.digest(Rendezvous.encoded(introductions.map(\.bytes)))
    }

    private var rank: Int { endpoint.rank }

    /// Links to all of `peers`, which must call this too, by rank.
    ///
    /// The higher rank of a pair connects to the lower, in order, as over TCP.
    ///
    /// - Throws: ``CollectiveError/Code/rendezvousFailed`` naming the rank that can't be reached, its host, and both
    ///   devices; ``CollectiveError/Code/deadlineExceeded`` naming a rank that did not come.
    func connect(_ peers: [Int]) throws(CollectiveError) -> [Int: VerbsLink] {
        let deadline = mix_now() + timeout.nanoseconds
        var links: [Int: VerbsLink] = [:]
        for peer in peers.sorted() where peer < rank { links[peer] = try reach(peer, until: deadline) }
        var missing = Set(peers.filter { $0 > rank })
        while !missing.isEmpty {
            let link: VerbsLink
            do throws(CollectiveError) {
                link = try endpoint.accept(deadline: deadline) { peer in
                    missing.contains(peer)
                        ? (expected: token(from: peer, to: rank), answer: token(from: rank, to: peer)) : nil
                }
            } catch {
                throw absence(of: missing.sorted(), error)
            }
            links[link.peer] = link
            missing.remove(link.peer)
        }
        return links
    }

    /// Travels in clear, and proves nothing but this connection of this job, in this direction.
    private func token(from one: Int, to other: Int) -> [UInt8] {
        secret.proof(
            "verbs", context, Handshake.bytes(of: UInt32(one)), Handshake.bytes(of: UInt32(other)))
    }

    private func reach(_ peer: Int, until deadline: Int64) throws(CollectiveError) -> VerbsLink {
        guard case .available(let address, _, _, _) = introductions[peer].rdma else {
            preconditionFailure("rank \(peer) has no RDMA")
        }
        do throws(CollectiveError) {
            return try endpoint.connect(
                to: peer, at: address, token: token(from: rank, to: peer), expecting: token(from: peer, to: rank),
                deadline: deadline)
        } catch {
            throw CollectiveError(
                .rendezvousFailed,
                "\(place(rank)), \(endpoint.choice.gid), can't reach \(place(peer)): \(error.message). \(Self.help)",
                rank: peer, host: introductions[peer].host, errno: error.errno)
        }
    }

    private func absence(of ranks: [Int], _ error: CollectiveError) -> CollectiveError {
        let places = ranks.prefix(16).map(place).joined(separator: "; ")
        return CollectiveError(
            .deadlineExceeded,
            "at \(place(rank)), \(endpoint.choice.gid): \(error.message). Missing: \(places). \(Self.help)",
            rank: ranks[0], host: introductions[ranks[0]].host, errno: error.errno)
    }

    private func place(_ rank: Int) -> String {
        guard case .available(_, _, let device, _) = introductions[rank].rdma else { return "rank \(rank)" }
        return "rank \(rank) on \(introductions[rank].host) (\(device))"
    }

    private static let help =
        "Are these addresses of one network? Choose others by MIX_RDMA_DEVICE and MIX_RDMA_GID_INDEX, or do without RDMA by "
        + "MIX_TRANSPORT=tcp"
}
