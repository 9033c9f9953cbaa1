/// What an endpoint has registered: memory of the library's own for as long as it is allocated, the caller's other
/// memory for as long as nobody can have given it back.
struct RegistrationCache {
    /// Allocated by the library: registered once, by its owner.
    private var lasting: [Registration] = []
    /// The caller's.
    private var foreign: [Registration] = []
    private var lookUps: UInt64 = 0
    static let foreignLimit = 128

    mutating func add(_ registration: Registration) { lasting.append(registration) }

    mutating func remove(base: UInt) { lasting.removeAll { $0.base == base } }

    /// Forgets the caller's memory. Its owner may unmap it between two collectives, and the device would go on with
    /// the old pages if it were mapped again at the same address.
    mutating func forgetForeign() { foreign.removeAll { $0.uses == 0 } }

    mutating func find(
        _ endpoint: OpaquePointer, _ address: UnsafeRawPointer, _ bytes: Int
    ) throws(CollectiveError) -> Registration {
        lookUps += 1
        let first = UInt(bitPattern: address)
        let known = lasting.first { $0.contains(first, bytes) } ?? foreign.first { $0.contains(first, bytes) }
        if let known {
            known.age = lookUps
            return known
        }
        if foreign.count >= Self.foreignLimit {
            let oldest = foreign.indices.filter { foreign[$0].uses == 0 }.min { foreign[$0].age < foreign[$1].age }
            if let oldest { foreign.remove(at: oldest) }
        }
        // Whole pages: the device pins no less, and neighbours on the same page then need no registration of their own.
        let page = UInt(SharedHeap.pageSize)
        let lower = first / page * page
        let upper = (first + UInt(bytes) + page - 1) / page * page
        let made = try Registration(endpoint, base: lower, bytes: Int(upper - lower))
        made.age = lookUps
        foreign.append(made)
        return made
    }
}
