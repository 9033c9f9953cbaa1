internal import CMixSystem
internal import Glibc

/// Lets ranks in at a listening socket, and nobody else.
///
/// One loop over all connections that have not proved themselves: each has a few seconds, there are never many, the
/// oldest goes when there are, and none is waited for. So strangers cost a little processor time and nothing else.
final class PeerAcceptor {
    static let greatestPending = 128
    static let pendingNanoseconds: Int64 = 5_000_000_000

    /// A connector that has proved itself. The socket is whoever's this was given to.
    struct Peer {
        var socket: Int32
        var claims: Handshake.Claims
        var payload: [UInt8]
        fileprivate var challenge: [UInt8]
        fileprivate var answer: [UInt8]

        /// Tells the peer the outcome; 0 or a negative errno.
        func reply(_ status: UInt32, _ payload: [UInt8], secret: Secret, until deadline: Int64) -> Int32 {
            Connection.send(
                socket, Handshake.reply(status, payload, to: answer, challenge: challenge, secret), until: deadline)
        }

        func refuse(_ error: CollectiveError, secret: Secret) {
            // It has room for so little, or it is gone.
            let payload = Handshake.bytes(of: UInt32(bitPattern: Int32(error.rank ?? -1))) + Array(error.message.utf8)
            _ = reply(error.code.rawValue, payload, secret: secret, until: mix_now() + 1_000_000_000)
        }
    }

    enum Event {
        case peer(Peer)
        /// A watched connection can be read: it ended, for nothing is to be said there now.
        case readable(Int)
        case deadline
    }

    private struct Pending {
        var socket: Int32
        var deadline: Int64
        var challenge: [UInt8]
        var received: [UInt8] = []
        /// Set once the answer is proven; what follows is the payload.
        var claims: Handshake.Claims?
    }

    /// Connections that were dropped because they were none of ours, or too slow.
    private(set) var strangers = 0
    /// Who came with another secret or version, in words.
    private(set) var misfits: [String] = []
    private var pending: [Pending] = []
    private var ready: [Peer] = []
    private let listener: Int32
    private let secret: Secret

    /// `listener` stays its owner's.
    init(listener: Int32, secret: Secret) {
        self.listener = listener
        self.secret = secret
    }

    deinit {
        for connection in pending { mix_close(connection.socket) }
        for peer in ready { mix_close(peer.socket) }
    }

    /// The next thing that happens. Watched connections come first, so that a rank that was restarted is not taken for
    /// a second one.
    func next(until deadline: Int64, watching watched: [Int32] = []) throws(CollectiveError) -> Event {
        while true {
            let now = mix_now()
            drop { $0.deadline <= now }
            let limit = pending.reduce(deadline) { Swift.min($0, $1.deadline) }
            var entries = watched.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            entries.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0))
            entries += pending.map { pollfd(fd: $0.socket, events: Int16(POLLIN), revents: 0) }
            let count = poll(&entries, nfds_t(entries.count), ready.isEmpty ? Connection.milliseconds(until: limit) : 0)
            guard count >= 0 || errno == EINTR else { throw .system("waiting for ranks", errno) }
            if count > 0, let index = watched.indices.first(where: { entries[$0].revents != 0 }) {
                return .readable(index)
            }
            if !ready.isEmpty { return .peer(ready.removeFirst()) }
            if count > 0 {
                // From the back, because connections go.
                for index in pending.indices.reversed() where entries[watched.count + 1 + index].revents != 0 {
                    if !advance(index) {
                        mix_close(pending[index].socket)
                        pending.remove(at: index)
                    }
                }
                if entries[watched.count].revents != 0 { try accept() }
            }
            if ready.isEmpty, mix_now() >= deadline { return .deadline }
        }
    }

    private func accept() throws(CollectiveError) {
        // So many at most that those who have answered are heard in between.
        for _ in 0..<64 {
            let socket = mix_tcp_accept(listener)
            guard socket >= 0 else {
                switch -socket {
                case EMFILE where !pending.isEmpty, ENFILE where !pending.isEmpty:
                    dropOldest()
                    return
                case EMFILE, ENFILE, ENOMEM, ENOBUFS, EBADF, EINVAL:
                    throw .system("accepting a rank's connection", -socket)
                // None waits any more, or one had gone already.
                default: return
                }
            }
            if pending.count == Self.greatestPending { dropOldest() }
            let challenge = try Handshake.challenge()
            // It fits into the empty socket.
            guard Connection.send(socket, challenge, until: 0) == 0 else {
                strangers += 1
                mix_close(socket)
                continue
            }
            pending.append(
                Pending(socket: socket, deadline: mix_now() + Self.pendingNanoseconds, challenge: challenge))
        }
    }

    /// Reads what a connection has said; false when it has to go.
    private func advance(_ index: Int) -> Bool {
        let needed = Handshake.answerBytes + Int(pending[index].claims?.payloadBytes ?? 0)
        let received = Connection.append(
            from: pending[index].socket, to: &pending[index].received, atMost: needed - pending[index].received.count)
        if received == -Int(EAGAIN) { return true }
        let bytes = pending[index].received
        guard received > 0, zip(bytes, Handshake.magic).allSatisfy({ $0 == $1 }) else {
            strangers += 1
            return false
        }
        if bytes.count >= 12, Handshake.word(bytes, 8) != Handshake.version {
            note(
                "\(Connection.peerText(pending[index].socket)) speaks version \(Handshake.word(bytes, 8)) of the protocol"
            )
            return false
        }
        if pending[index].claims == nil, bytes.count == Handshake.answerBytes {
            guard let claims = prove(pending[index]) else { return false }
            pending[index].claims = claims
        }
        guard let claims = pending[index].claims, bytes.count == Handshake.answerBytes + Int(claims.payloadBytes) else {
            return true
        }
        let payload = Array(bytes[Handshake.answerBytes...])
        guard Secret.areEqual(Secret.digest(payload), claims.payloadDigest) else {
            note("what \(Connection.peerText(pending[index].socket)) sent was changed on its way")
            return false
        }
        ready.append(
            Peer(
                socket: pending[index].socket, claims: claims, payload: payload, challenge: pending[index].challenge,
                answer: Array(bytes[..<Handshake.answerBytes])))
        pending.remove(at: index)
        return true
    }

    /// The claims of an answer whose proof holds.
    private func prove(_ connection: Pending) -> Handshake.Claims? {
        guard let claims = Handshake.Claims(connection.received) else { return nil }
        guard Handshake.isProven(connection.received, to: connection.challenge, secret) else {
            _ = Connection.send(connection.socket, Handshake.wrongSecretReply, until: 0)
            note(
                "\(Connection.peerText(connection.socket)), which says it is rank \(claims.from), has another secret (MIX_SECRET)"
            )
            return nil
        }
        guard claims.payloadBytes <= Handshake.greatestPayload else { return nil }
        return claims
    }

    private func note(_ misfit: String) {
        strangers += 1
        if misfits.count < 8 { misfits.append(misfit) }
    }

    private func drop(_ condition: (Pending) -> Bool) {
        for connection in pending where condition(connection) {
            strangers += 1
            mix_close(connection.socket)
        }
        pending.removeAll(where: condition)
    }

    private func dropOldest() {
        // Those who have proved themselves are only slow with their payload.
        guard let index = pending.firstIndex(where: { $0.claims == nil }) ?? pending.indices.first else { return }
        strangers += 1
        mix_close(pending[index].socket)
        pending.remove(at: index)
    }

    /// What a deadline's error says of those who were not let in; empty when there were none.
    var remarks: String {
        var text = misfits.map { "; " + $0 }.joined()
        if strangers > misfits.count { text += "; \(strangers - misfits.count) connections of strangers were dropped" }
        return text
    }
}
