internal import CMixSystem
internal import Glibc

/// Joins this rank to others, each by one connection that has proved both its ends.
struct TCPMesh {
    let rank: Int
    /// Where every rank listens, by rank; the same on all ranks, which makes it the job's mark.
    let addresses: [NetworkAddress]
    let secret: Secret
    let timeout: Duration

    init(rank: Int, addresses: [NetworkAddress], secret: Secret, timeout: Duration) {
        self.rank = rank
        self.addresses = addresses
        self.secret = secret
        self.timeout = timeout
    }

    /// Sockets to all of `peers`, which must call this too, by rank. They are the caller's.
    ///
    /// The higher rank of a pair connects to the lower.
    ///
    /// - Throws: ``CollectiveError/Code/deadlineExceeded`` or ``CollectiveError/Code/rankLost`` naming the rank that is
    ///   not there and its address.
    func connect(_ peers: [Int], listener: borrowing TCPListener) throws(CollectiveError) -> [Int: Int32] {
        let deadline = mix_now() + timeout.nanoseconds
        let context = Secret.digest(Array(addresses.map(\.description).joined(separator: "\n").utf8))
        var sockets: [Int: Int32] = [:]
        do throws(CollectiveError) {
            // In order, each rank only after it has reached all lower ones: nobody waits in a circle, and all who wait
            // name the same rank when one is missing.
            for peer in peers.sorted() where peer < rank {
                sockets[peer] = try reach(peer, context, until: deadline)
            }
            try accept(peers.filter { $0 > rank }, listener.socket, context, &sockets, until: deadline)
        } catch {
            for socket in sockets.values { mix_close(socket) }
            throw error
        }
        return sockets
    }

    private func reach(_ peer: Int, _ context: [UInt8], until deadline: Int64) throws(CollectiveError) -> Int32 {
        let address = addresses[peer]
        let connector = PeerConnector(
            .link, from: rank, to: peer, worldSize: addresses.count, context: context, secret: secret)
        var trouble: Int32 = 0
        while mix_now() < deadline {
            switch try connector.attempt(address, until: deadline, replyUntil: deadline) {
            case .joined(let connection, _): return connection.take()
            case .stranger(let text): throw CollectiveError(.rendezvousFailed, text, rank: peer)
            case .nobody(let errno, _): trouble = errno
            }
            // It listened before it told its address.
            if trouble == ECONNREFUSED {
                throw CollectiveError(
                    .rankLost, "rank \(peer) at \(address) does not listen any more: its process ended", rank: peer,
                    errno: trouble)
            }
            mix_rest(20)
        }
        throw CollectiveError(
            .deadlineExceeded,
            "rank \(rank) on \(Host.name) did not reach rank \(peer) at \(address) within \(timeout) (MIX_TIMEOUT): "
                + "\(String(cString: mix_error_text(trouble))). Is there a firewall, or another interface to choose (MIX_INTERFACE)?",
            rank: peer, errno: trouble)
    }

    private func accept(
        _ peers: [Int], _ listener: Int32, _ context: [UInt8], _ sockets: inout [Int: Int32], until deadline: Int64
    ) throws(CollectiveError) {
        let acceptor = PeerAcceptor(listener: listener, secret: secret)
        var missing = Set(peers)
        while !missing.isEmpty {
            switch try acceptor.next(until: deadline) {
            case .readable: break
            case .peer(let peer):
                let from = Int(peer.claims.from)
                let fits =
                    peer.claims.purpose == Handshake.Purpose.link.rawValue && peer.claims.context == context
                    && Int(peer.claims.to) == rank && Int(peer.claims.worldSize) == addresses.count
                guard fits, missing.contains(from) else {
                    let reason =
                        sockets[from] != nil && fits
                        ? "rank \(from) is connected to rank \(rank) already: two processes say they are rank \(from)"
                        : "rank \(rank) does not expect a connection of rank \(from) of this job"
                    peer.refuse(CollectiveError(.invalidJob, reason), secret: secret)
                    mix_close(peer.socket)
                    continue
                }
                // If it can't be told, it is gone, and may come again.
                guard peer.reply(Handshake.accepted, [], secret: secret, until: deadline) == 0 else {
                    mix_close(peer.socket)
                    continue
                }
                sockets[from] = peer.socket
                missing.remove(from)
            case .deadline:
                let ranks = missing.sorted()
                let places = ranks.prefix(16).map { "\($0) (at \(addresses[$0]))" }.joined(separator: ", ")
                throw CollectiveError(
                    .deadlineExceeded,
                    "\(ranks.count == 1 ? "rank" : "ranks") \(places) did not connect to rank \(rank) at \(addresses[rank]) within "
                        + "\(timeout) (MIX_TIMEOUT)" + acceptor.remarks, rank: ranks[0])
            }
        }
    }
}
