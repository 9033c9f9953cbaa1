internal import CMixSystem
internal import Glibc

/// Proves this rank to a rank that listens, and exchanges a payload with it.
struct PeerConnector {
    let secret: Secret
    let claims: Handshake.Claims
    let payload: [UInt8]

    /// What became of one attempt.
    enum Outcome: ~Copyable {
        case joined(Connection, [UInt8])
        /// Nobody is there, or not any more; `wasHeard`: who this rank is had been said already.
        case nobody(Int32, wasHeard: Bool)
        /// Somebody else is there, in words.
        case stranger(String)
    }

    init(
        _ purpose: Handshake.Purpose, from: Int, to: Int, worldSize: Int, context: [UInt8] = Handshake.noContext,
        payload: [UInt8] = [], secret: Secret
    ) {
        self.secret = secret
        self.payload = payload
        claims = Handshake.Claims(purpose, from: from, to: to, worldSize: worldSize, context: context, payload: payload)
    }

    /// Connects once. `deadline` is for the connection; the reply may take until `replyDeadline`.
    ///
    /// - Throws: what the peer answered, where it proved that it is the peer; and that the secrets differ.
    func attempt(
        _ address: NetworkAddress, until deadline: Int64, replyUntil replyDeadline: Int64
    ) throws(CollectiveError) -> Outcome {
        // Somebody who accepts and says nothing must not take all the time there is.
        let soon = Swift.min(deadline, mix_now() + 2_000_000_000)
        let socket = mix_tcp_connect(address.host, Int32(address.port), Connection.milliseconds(until: soon))
        guard socket >= 0 else { return .nobody(-socket, wasHeard: false) }
        let connection = Connection(socket)

        var challenge: [UInt8] = []
        var result = Connection.receive(socket, &challenge, count: Handshake.challengeBytes, until: soon)
        guard zip(challenge, Handshake.magic).allSatisfy({ $0 == $1 }) else {
            return .stranger("something else than a rank listens at \(address)")
        }
        guard result == 0 else { return .nobody(-result, wasHeard: false) }
        let answer = try Handshake.answer(claims, to: challenge, secret)
        // Sent to another version too, so that it can say who is out of date.
        result = Connection.send(socket, answer, until: deadline)
        let version = Handshake.word(challenge, 8)
        guard version == Handshake.version else {
            return .stranger(
                "rank \(claims.to) at \(address) speaks version \(version) of the protocol, this rank \(Handshake.version)"
            )
        }
        if result == 0 { result = Connection.send(socket, payload, until: deadline) }
        // Whoever is refused reads why, even if not everything could be sent.
        var reply: [UInt8] = []
        let replied = Connection.receive(socket, &reply, count: Handshake.replyBytes, until: replyDeadline)
        guard replied == 0 else { return .nobody(-replied, wasHeard: result == 0) }
        guard let head = Handshake.reading(reply, to: answer, challenge: challenge, secret) else {
            return .stranger("something else than a rank listens at \(address)")
        }
        guard head.isProven else {
            guard head.status == Handshake.wrongSecret else {
                return .stranger("whoever listens at \(address) could not prove that it is rank \(claims.to)")
            }
            throw CollectiveError(
                .rendezvousFailed,
                "the shared secret differs from that of rank \(claims.to) at \(address): MIX_SECRET must be the same on all ranks",
                rank: Int(claims.from))
        }
        var answered: [UInt8] = []
        guard Connection.receive(socket, &answered, count: head.payloadBytes, until: replyDeadline) == 0 else {
            return .nobody(ECONNRESET, wasHeard: true)
        }
        guard Secret.areEqual(Secret.digest(answered), head.digest) else {
            return .stranger("what rank \(claims.to) sent from \(address) was changed on its way")
        }
        guard head.status == Handshake.accepted else {
            let rank = answered.count < 4 ? -1 : Int(Int32(bitPattern: Handshake.word(answered, 0)))
            throw CollectiveError(
                .init(rawValue: head.status), String(decoding: answered.dropFirst(4), as: UTF8.self),
                rank: rank < 0 ? nil : rank)
        }
        return .joined(connection, answered)
    }
}
