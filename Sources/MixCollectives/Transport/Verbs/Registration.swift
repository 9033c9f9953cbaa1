internal import CMixVerbs

/// A range of memory that the device may read and peers may write; gone with its last user.
final class Registration {
    let base: UInt
    let bytes: Int
    let localKey: UInt32
    let remoteKey: UInt32
    /// Messages that use it now.
    var uses = 0
    /// When it was last looked up, in look-ups.
    var age: UInt64 = 0
    private let region: OpaquePointer
    private let owned: UnsafeMutableRawPointer?

    /// `owned` is given back once it is no longer registered; by the caller, when this throws.
    init(
        _ endpoint: OpaquePointer, base: UInt, bytes: Int, owned: UnsafeMutableRawPointer? = nil
    ) throws(CollectiveError) {
        var region: OpaquePointer?
        let result = mix_verbs_register(endpoint, UnsafeMutableRawPointer(bitPattern: base), bytes, &region)
        guard result == 0, let region else {
            throw .system("registering \(bytes) bytes with the RDMA device (is there a limit, ulimit -l?)", -result)
        }
        self.base = base
        self.bytes = bytes
        self.region = region
        self.owned = owned
        localKey = mix_verbs_local_key(region)
        remoteKey = mix_verbs_remote_key(region)
    }

    deinit {
        mix_verbs_deregister(region)
        owned?.deallocate()
    }

    func contains(_ address: UInt, _ count: Int) -> Bool {
        address >= base && address + UInt(count) <= base + UInt(bytes)
    }
}
