internal import CMixSystem
internal import MixSchedule

// How a rank waits for another: it looks for a while, lets others run for a while, then sleeps, and looks
// up now and then whether the rank that it waits for is still alive and the deadline still ahead.
extension Communicator {
    /// How long a rank gives way to others before it sleeps.
    private static let yieldingNanoseconds: Int64 = 1_000_000
    /// The longest sleep between two looks at the living.
    private static let sleepNanoseconds: Int64 = 100_000_000

    /// Waits until `ready`, which depends on `peer`, and on other ranks too if `others` says so.
    @inline(__always)
    func wait(
        for peer: Int, or others: (Int) -> Bool = { _ in false }, until ready: () -> Bool
    ) throws(CollectiveError) {
        for _ in 0..<patience(for: peer) {
            if ready() { return }
            mix_pause()
        }
        try waitPatiently(for: peer, or: others, until: ready)
    }

    /// How often to look before giving way: a rank that needs the very processor that this one runs on will not
    /// get on while it is looked at.
    @inline(__always)
    func patience(for peer: Int) -> UInt32 {
        isOversubscribed && mix_processor_of(members[peer].root) == mix_current_processor() ? 1 : spins
    }

    @inline(never)
    func waitPatiently(
        for peer: Int, or others: (Int) -> Bool = { _ in false }, until ready: () -> Bool
    ) throws(CollectiveError) {
        let start = mix_now()
        let deadline = start &+ timeout.nanoseconds &+ precedence
        let looks = Swift.min(patience(for: peer), 64)
        repeat {
            for _ in 0..<looks {
                if ready() { return }
                mix_pause()
            }
            try throwIfFailed()
            mix_yield()
        } while mix_now() - start < Self.yieldingNanoseconds

        let root = own.root
        while true {
            let doorbell = mix_doorbell(root)
            mix_fall_asleep(root)
            if !ready() {
                let left = deadline - mix_now()
                mix_sleep(root, doorbell, Swift.max(0, Swift.min(left, Self.sleepNanoseconds)))
            }
            mix_wake_up(root)
            if ready() { return }
            try throwIfFailed()
            try checkLife(of: { $0 == peer || others($0) }, until: ready)
            if mix_now() >= deadline { throw fail(deadlineExceeded(waitingFor: peer)) }
        }
    }

    /// How much longer a rank waits for a mate than that one may wait for another node: who can name the node is heard first.
    var precedence: Int64 { labels == nil ? 0 : Swift.min(200_000_000, timeout.nanoseconds / 4) }

    /// Wakes those members that sleep; called after something that they may wait for was published.
    @inline(__always)
    func wakeSleepers() {
        for peer in 0..<size where mix_is_asleep(members[peer].root) != 0 { mix_ring(members[peer].root) }
    }

    @inline(__always)
    func wake(_ peer: Int) {
        if mix_is_asleep(members[peer].root) != 0 { mix_ring(members[peer].root) }
    }

    private func checkLife(of isNeeded: (Int) -> Bool, until ready: () -> Bool) throws(CollectiveError) {
        // A rank may also wait for one that waits for the dead: look at all.
        for member in 0..<size where member != rank {
            let closed = mix_load_acquire_u64(members[member].left) != 0
            guard closed || !node.isAlive(members[member].nodeRank) else { continue }
            // What it said before it went still counts.
            if ready() { return }
            guard isNeeded(member) || !hasEntered(member) else { continue }
            throw fail(
                CollectiveError(
                    .rankLost,
                    closed
                        ? "rank \(label(member)) closed the communicator (or its process ended) before it took part"
                        : "the process of rank \(label(member)) ended; \(lastWord(of: member))",
                    rank: label(member), host: host(of: member), operation: operation, sequence: operationNumber))
        }
    }

    /// Whether the rank has entered the exchange that this rank is in.
    func hasEntered(_ member: Int) -> Bool {
        mix_load_acquire_u64(headerWord(member, Int(sequence & 1))) & 0xffff_ffff == sequence & 0xffff_ffff
    }

    private func deadlineExceeded(waitingFor peer: Int) -> CollectiveError {
        if operation == .sendReceive {
            return CollectiveError(
                .deadlineExceeded,
                "rank \(label(peer)) has not done its part of the message within \(timeout) (MIX_TIMEOUT); \(lastWord(of: peer))",
                rank: label(peer), host: host(of: peer), operation: operation, sequence: operationNumber)
        }
        // Whoever has not even entered is at fault, rather than the one who waits for it like us.
        let absent = (0..<size).filter { $0 != rank && !hasEntered($0) }
        let guilty = absent.first ?? peer
        let others = absent.dropFirst().prefix(15).map { String(label($0)) }.joined(separator: ", ")
        let message =
            absent.isEmpty
            ? "rank \(label(peer)) entered, and has not done its part within \(timeout) (MIX_TIMEOUT)"
            : "rank \(label(guilty)) has not come within \(timeout) (MIX_TIMEOUT); \(lastWord(of: guilty))"
                + (others.isEmpty ? "" : "; ranks \(others) have not come either")
        return CollectiveError(
            .deadlineExceeded, message, rank: label(guilty), host: host(of: guilty), operation: operation,
            sequence: operationNumber)
    }

    /// What a rank last took part in, for the person who has to find out why it went silent.
    func lastWord(of member: Int) -> String {
        let words = (0..<Int(MIX_SLOTS)).map { mix_load_acquire_u64(headerWord(member, $0)) }
        let last = words.max { $0 & 0xffff_ffff < $1 & 0xffff_ffff }!
        guard last != 0, let operation = Operation(code: UInt8(truncatingIfNeeded: last >> 32)) else {
            return "it has not taken part in any operation of this communicator"
        }
        return "the last operation that it entered is \(operation.rawValue)"
    }

    func headerWord(_ member: Int, _ slot: Int) -> UnsafePointer<UInt64> {
        UnsafeRawPointer(members[member].header(slot)).assumingMemoryBound(to: UInt64.self)
    }
}
