internal import Crypto

/// What all ranks of a job know and nobody else does, as the key of their proofs.
struct Secret: Sendable {
    private let key: SymmetricKey

    /// Any text; a random one of 32 bytes can't be guessed.
    init(_ text: String) {
        key = SymmetricKey(data: SHA256.hash(data: Array("MixServe secret\0".utf8) + Array(text.utf8)))
    }

    /// `MIX_SECRET`.
    ///
    /// There is no way to do without: whoever reaches an open port could otherwise be a rank.
    static func current(
        for job: Job, in environment: [String: String] = Environment.current
    ) throws(CollectiveError) -> Secret {
        guard let text = Environment(environment)["MIX_SECRET"] else {
            throw CollectiveError(
                .invalidJob,
                "the rendezvous \"\(job.rendezvous)\" goes over the network, so the ranks must prove that they belong to this "
                    + "job, but MIX_SECRET is not set. Set it to the same random text on all ranks:  "
                    + Environment.secretAdvice(job.launcher))
        }
        return Secret(text)
    }

    /// Shows that whoever made it knows the secret and meant exactly these bytes.
    func proof(_ purpose: String, _ bytes: [UInt8]...) -> [UInt8] {
        var code = HMAC<SHA256>(key: key)
        code.update(data: Array("MixServe \(purpose)\0".utf8))
        for part in bytes { code.update(data: part) }
        return Array(code.finalize())
    }

    /// Compares in a time that says nothing about where they differ.
    static func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        guard one.count == other.count else { return false }
        return zip(one, other).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
    }

    static func digest(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }
}
