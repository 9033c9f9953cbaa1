internal import CMixSystem
internal import MixSchedule

/// What a communicator of several nodes has beside shared memory: who is where, and the wires between.
final class Network {
    /// Nodes and lanes of this communicator's ranks.
    let topology: Topology
    /// The ranks of this node, in order of their lanes, over shared memory.
    let local: Communicator
    /// By rank.
    let hosts: [String]
    /// The ranks' numbers in the world, by which the wires know them.
    let worldRanks: [Int]
    let rank: Int
    let wires: Wires
    /// The communicator's number on the wires.
    let number: Int
    /// Which of the links' channels are this communicator's.
    let firstChannel: Int
    let shape: NetworkShape

    init(
        topology: Topology, rank: Int, local: Communicator, hosts: [String], worldRanks: [Int], wires: Wires,
        number: Int
    ) {
        self.topology = topology
        self.rank = rank
        self.local = local
        self.hosts = hosts
        self.worldRanks = worldRanks
        self.wires = wires
        self.number = number
        shape = NetworkShape(topology, hasVerbs: wires.hasVerbs)
        firstChannel = Wires.firstChannel(ofCommunicator: number)
    }

    /// Whether two ranks are on one machine.
    func share(_ one: Int, _ other: Int) -> Bool { topology.node(of: one) == topology.node(of: other) }
    func isLocal(_ other: Int) -> Bool { topology.node(of: other) == topology.node(of: rank) }

    // MARK: Messages

    /// - Parameter atOnce: that nothing follows which could go with it.
    func send(
        _ address: UnsafeRawPointer?, _ bytes: Int, to peer: Int, channel: Int, signature: UInt64, atOnce: Bool = false
    ) -> LinkTicket {
        wires.send(
            address, bytes, to: worldRanks[peer], channel: firstChannel + channel, signature: signature,
            atOnce: atOnce)
    }

    func receive(
        _ address: UnsafeMutableRawPointer?, _ bytes: Int, from peer: Int, channel: Int, signature: UInt64
    ) -> LinkTicket {
        wires.receive(address, bytes, from: worldRanks[peer], channel: firstChannel + channel, signature: signature)
    }

    func moved(_ ticket: LinkTicket, _ peer: Int) -> Int { wires.moved(ticket, worldRanks[peer]) }
    func isComplete(_ ticket: LinkTicket, _ peer: Int) -> Bool { wires.isComplete(ticket, worldRanks[peer]) }

    // MARK: Waiting

    /// Waits until `ready`, moving what moves meanwhile.
    ///
    /// `peer` is who is waited for, as far as one can say; `isNeeded` tells whose death ends the wait.
    func wait(
        for peer: Int, _ operation: Operation, _ number: UInt64, isNeeded: (Int) -> Bool, until ready: () -> Bool
    ) throws(CollectiveError) {
        let start = mix_now()
        let deadline = start &+ local.timeout.nanoseconds &+ (isLocal(peer) ? local.precedence : 0)
        var looks = 1
        while true {
            // A link on which nothing is under way can still bring news of a failure.
            try advance(operation, number, onlyBusy: looks & 15 != 0)
            if ready() { return }
            if wires.isBroken { try checkLinks(operation, number, isNeeded) }
            // What it waits for comes from ranks that may need this very processor: of this node, or on the same machine.
            mix_yield()
            looks += 1
            guard looks & 15 == 0 else { continue }
            try local.throwIfFailed()
            let waited = mix_now() - start
            guard waited > Self.yieldingNanoseconds else { continue }
            try checkLife(operation, number, isNeeded, until: ready)
            if start + waited >= deadline {
                throw fail(
                    CollectiveError(
                        .deadlineExceeded,
                        "rank \(peer) has not done its part within \(local.timeout) (MIX_TIMEOUT)", rank: peer,
                        host: hosts[peer], operation: operation, sequence: number))
            }
            // Ranks of this node ring no bell that a descriptor hears: look up often enough for them.
            wires.sleep(microseconds: waited > 100_000_000 ? 5000 : 100)
        }
    }

    /// How long a rank gives way before it sleeps.
    private static let yieldingNanoseconds: Int64 = 1_000_000

    /// To be called when no wait follows: hands the card what it has not been given yet.
    func post(_ operation: Operation, _ sequence: UInt64) throws(CollectiveError) {
        if wires.hasUnposted { try advance(operation, sequence) }
    }

    /// Moves what can be moved on the wires.
    func advance(
        _ operation: Operation, _ sequence: UInt64, onlyBusy: Bool = false
    ) throws(CollectiveError) {
        do throws(CollectiveError) {
            try wires.advance(communicator: number, onlyBusy: onlyBusy) { worldRank, error in
                self.describe(worldRank, error, operation, sequence)
            }
        } catch {
            throw fail(error)
        }
    }

    /// Throws when a rank of another node that is needed can't be reached any more.
    private func checkLinks(
        _ operation: Operation, _ number: UInt64, _ isNeeded: (Int) -> Bool
    ) throws(CollectiveError) {
        for peer in worldRanks.indices where !isLocal(peer) && isNeeded(peer) {
            guard let loss = wires.loss(of: worldRanks[peer]) else { continue }
            throw fail(describe(worldRanks[peer], loss, operation, number))
        }
    }

    private func checkLife(
        _ operation: Operation, _ number: UInt64, _ isNeeded: (Int) -> Bool, until ready: () -> Bool
    ) throws(CollectiveError) {
        for (lane, mate) in topology.nodes[topology.node(of: rank)].enumerated() where mate != rank {
            let closed = mix_load_acquire_u64(local.members[lane].left) != 0
            guard closed || !local.node.isAlive(local.members[lane].nodeRank) else { continue }
            guard isNeeded(mate) || !closed, !ready() else { continue }
            throw fail(
                CollectiveError(
                    .rankLost,
                    closed
                        ? "rank \(mate) closed the communicator (or its process ended) before it took part"
                        : "the process of rank \(mate) ended; \(local.lastWord(of: lane))",
                    rank: mate, host: hosts[mate], operation: operation, sequence: number))
        }
    }

    // MARK: Failure

    /// Tells all ranks of this node and every other node, and returns what this rank throws.
    func fail(_ error: CollectiveError) -> CollectiveError {
        let first = local.fail(error)
        wires.tell(first, communicator: number, operation: error.operation ?? .barrier, sequence: error.sequence ?? 0)
        return first
    }

    private func describe(
        _ worldRank: Int, _ error: LinkError, _ operation: Operation, _ number: UInt64
    ) -> CollectiveError {
        // A rank of the world that this communicator does not have is named by its number in the world.
        let peer = worldRanks.firstIndex(of: worldRank)
        let host = peer.map { hosts[$0] }
        let name = peer ?? worldRank
        switch error {
        case .lost(let reason, let errno):
            return CollectiveError(
                .rankLost, "the connection to rank \(name) is gone: \(reason)", rank: name, host: host,
                operation: operation, sequence: number, errno: errno)
        case .unexpected(let signature, let bytes, let expectedSignature, let expectedBytes):
            return CollectiveError(
                .mismatch,
                "rank \(name) sent \(bytes) bytes for \(MessageSignature(rawValue: signature)), rank \(rank) expects "
                    + "\(expectedBytes) for \(MessageSignature(rawValue: expectedSignature)); all ranks must call the same",
                rank: name, host: host, operation: operation, sequence: number)
        }
    }
}
