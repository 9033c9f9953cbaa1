internal import CMixVerbs

/// What two ranks tell each other with the connection manager's messages: who they are, a proof of it, and where
/// the other's packets go.
struct VerbsHandshake {
    var rank: Int
    var ring: UInt64
    var ringKey: UInt32
    var mtu: Int
    var token: [UInt8]

    static let tokenBytes = 32
    private static let magic: UInt32 = 0x4d58_5631  // "MXV1"

    init(rank: Int, ring: UInt64, ringKey: UInt32, mtu: Int, token: [UInt8]) {
        self.rank = rank
        self.ring = ring
        self.ringKey = ringKey
        self.mtu = mtu
        self.token = token
    }

    /// Nil when the bytes are none of ours.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Int(MIX_VERBS_PRIVATE_BYTES) else { return nil }
        let magic, rank, ringKey: UInt32
        let ring: UInt64
        let mtu: UInt16
        (magic, rank, ring, ringKey, mtu) = bytes.withUnsafeBytes {
            (
                $0.loadUnaligned(as: UInt32.self), $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self),
                $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
                $0.loadUnaligned(fromByteOffset: 16, as: UInt32.self),
                $0.loadUnaligned(fromByteOffset: 20, as: UInt16.self)
            )
        }
        guard magic == Self.magic else { return nil }
        self.init(rank: Int(rank), ring: ring, ringKey: ringKey, mtu: Int(mtu), token: Array(bytes[24..<56]))
    }

    var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(MIX_VERBS_PRIVATE_BYTES))
        bytes.withUnsafeMutableBytes {
            $0.storeBytes(of: Self.magic, as: UInt32.self)
            $0.storeBytes(of: UInt32(rank), toByteOffset: 4, as: UInt32.self)
            $0.storeBytes(of: ring, toByteOffset: 8, as: UInt64.self)
            $0.storeBytes(of: ringKey, toByteOffset: 16, as: UInt32.self)
            $0.storeBytes(of: UInt16(clamping: mtu), toByteOffset: 20, as: UInt16.self)
            for (index, byte) in token.prefix(Self.tokenBytes).enumerated() { $0[24 + index] = byte }
        }
        return bytes
    }

    /// Compares in the same time wherever the difference is.
    func proves(_ expected: [UInt8]) -> Bool {
        guard expected.count == Self.tokenBytes, token.count == Self.tokenBytes else { return false }
        return zip(expected, token).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
