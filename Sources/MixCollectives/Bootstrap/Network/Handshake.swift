internal import CMixSystem

/// The three messages with which two ranks prove themselves to each other and exchange a payload each.
///
///     acceptor → connector   challenge: a nonce
///     connector → acceptor   answer:    who it is, its own nonce, a digest of its payload, a proof of all that; the payload
///     acceptor → connector   reply:     a status, a digest of its payload, a proof of all that; the payload
///
/// A proof is an HMAC-SHA256 under the job's secret over everything said so far, so neither side's can be repeated on
/// another connection, turned round, or carry a changed payload. See Documentation/Rendezvous.md.
enum Handshake {
    static let magic = Array("MIXSERVE".utf8)
    static let version: UInt32 = 1
    static let nonceBytes = 32
    /// More than any rank has to say of itself.
    static let greatestPayload = 16 << 20

    /// What the connection is for.
    enum Purpose: UInt32 {
        case rendezvous = 1
        case link = 2
    }

    static func nonce() throws(CollectiveError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: nonceBytes)
        let result = mix_random(&bytes, bytes.count)
        guard result == 0 else { throw .system("asking the kernel for random bytes", -result) }
        return bytes
    }

    // MARK: Challenge

    static let challengeBytes = 12 + nonceBytes

    static func challenge() throws(CollectiveError) -> [UInt8] { try magic + bytes(of: version) + nonce() }

    // MARK: Answer

    /// Who the connector says it is; true once the proof holds.
    struct Claims {
        static let bytes = 32 + 32 + 32 + nonceBytes
        var purpose: UInt32
        var from: Int32
        var to: Int32
        var worldSize: Int32
        var payloadBytes: UInt32
        /// Which job, where it can't be told otherwise.
        var context: [UInt8]
        var payloadDigest: [UInt8]

        /// The answer's bytes before its proof.
        func encoded(nonce: [UInt8]) -> [UInt8] {
            magic + Handshake.bytes(of: version) + Handshake.bytes(of: purpose)
                + Handshake.bytes(of: UInt32(bitPattern: from)) + Handshake.bytes(of: UInt32(bitPattern: to))
                + Handshake.bytes(of: UInt32(bitPattern: worldSize)) + Handshake.bytes(of: payloadBytes)
                + context + payloadDigest + nonce
        }

        /// Nil when it is none of this version.
        init?(_ answer: [UInt8]) {
            guard answer.count == answerBytes, answer.starts(with: magic), word(answer, 8) == version else {
                return nil
            }
            purpose = word(answer, 12)
            from = Int32(bitPattern: word(answer, 16))
            to = Int32(bitPattern: word(answer, 20))
            worldSize = Int32(bitPattern: word(answer, 24))
            payloadBytes = word(answer, 28)
            context = Array(answer[32..<64])
            payloadDigest = Array(answer[64..<96])
        }

        init(_ purpose: Purpose, from: Int, to: Int, worldSize: Int, context: [UInt8], payload: [UInt8]) {
            self.purpose = purpose.rawValue
            self.from = Int32(from)
            self.to = Int32(to)
            self.worldSize = Int32(worldSize)
            self.context = context
            payloadBytes = UInt32(payload.count)
            payloadDigest = Secret.digest(payload)
        }
    }

    static let proofBytes = 32
    static let answerBytes = Claims.bytes + proofBytes
    /// For what needs no context.
    static let noContext = [UInt8](repeating: 0, count: 32)

    static func answer(_ claims: Claims, to challenge: [UInt8], _ secret: Secret) throws(CollectiveError) -> [UInt8] {
        let claimed = try claims.encoded(nonce: nonce())
        return claimed + secret.proof("answer", challenge, claimed)
    }

    static func isProven(_ answer: [UInt8], to challenge: [UInt8], _ secret: Secret) -> Bool {
        let claimed = Array(answer.prefix(Claims.bytes))
        return Secret.areEqual(Array(answer.dropFirst(Claims.bytes)), secret.proof("answer", challenge, claimed))
    }

    // MARK: Reply

    static let replyBytes = 48 + proofBytes
    static let accepted: UInt32 = 0
    /// The one status without a proof: there is no common secret to prove it with. It only ever ends an attempt.
    static let wrongSecret: UInt32 = .max

    /// `status` is `accepted` or an error's code; the rank at fault (or -1) and the message are the payload then.
    static func reply(
        _ status: UInt32, _ payload: [UInt8], to answer: [UInt8], challenge: [UInt8], _ secret: Secret
    ) -> [UInt8] {
        let said = magic + bytes(of: status) + bytes(of: UInt32(payload.count)) + Secret.digest(payload)
        return said + secret.proof("reply", challenge, answer, said) + payload
    }

    static var wrongSecretReply: [UInt8] {
        magic + bytes(of: wrongSecret) + [UInt8](repeating: 0, count: replyBytes - 12)
    }

    /// A reply's head, and whether it is proven; nil when it is no reply.
    static func reading(
        _ reply: [UInt8], to answer: [UInt8], challenge: [UInt8], _ secret: Secret
    ) -> (status: UInt32, payloadBytes: Int, digest: [UInt8], isProven: Bool)? {
        guard reply.count == replyBytes, reply.starts(with: magic) else { return nil }
        let proof = secret.proof("reply", challenge, answer, Array(reply.prefix(48)))
        return (
            word(reply, 8), Int(word(reply, 12)), Array(reply[16..<48]),
            Secret.areEqual(Array(reply.suffix(proofBytes)), proof)
        )
    }

    // MARK: Bytes

    static func bytes(of word: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }

    static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
    }
}
