public import MixSchedule
internal import CMixSystem

/// A set of ranks that run collectives together.
///
/// Every rank calls the same operations in the same order. A call blocks until this rank's part is done and its
/// buffers may be used again; the `async` forms suspend instead. One thread at a time uses a communicator.
///
/// An operation that fails because of another rank throws on every rank that takes part, within
/// ``timeout``, and names that rank; the communicator is of no further use after it.
public final class Communicator: @unchecked Sendable {
    /// This rank, in `0 ..< size`.
    public let rank: Int
    /// Number of ranks.
    public let size: Int
    /// How long an operation may take before it throws ``CollectiveError/Code/deadlineExceeded``.
    public var timeout: Duration {
        didSet { network?.local.timeout = timeout }
    }

    /// How operations between nodes go, unless ``use(algorithm:for:)`` says otherwise: the same on all ranks of the job.
    public let tuning: Tuning

    /// The wires to ranks on other nodes, where there are any.
    let network: Network?
    /// The ranks' numbers in the communicator of several nodes that this one is a part of, if it is.
    let labels: [Int]?
    let node: Node
    /// One per rank, in rank order.
    let members: UnsafeMutablePointer<Member>
    let own: Member
    /// Whether ranks outnumber the processors that they may run on.
    let isOversubscribed: Bool
    /// How often a wait looks before it gives way: some 100 µs, or about as long as another processor takes to
    /// switch to the rank that is waited for.
    let spins: UInt32

    /// Exchanges so far; large operations take several.
    var sequence: UInt64 = 0
    /// The last exchange in which this rank saw every other rank arrive.
    var lastMeeting: UInt64 = 0
    /// Operations so far, as the caller counts.
    var operationNumber: UInt64 = 0
    /// Those of them that all ranks take part in: messages between two ranks are nobody else's to count.
    var collectiveNumber: UInt64 = 0
    /// The operation that the last exchange was part of.
    var exchangeOperation: UInt64 = 0
    var operation: Operation = .barrier
    var inUse = false
    var isClosed = false
    /// The algorithms that the caller forced, by operation.
    var forced: [Operation: Algorithm] = [:]
    /// Schedules built before, so that a repeated operation builds nothing.
    var schedules: [CompiledSchedule.Key: CompiledSchedule] = [:]

    /// The nodes and lanes of fused collectives: the machines and their ranks, unless ``use(grid:)`` said otherwise.
    public internal(set) var grid: Topology
    /// The same as this rank sees it, once it was needed.
    var fusedGrid: FusedGrid?
    /// The only level that fused collectives work on, while that is measured.
    var chosenPart: SchedulePart?
    /// Where the steps of schedules are recorded, while they are.
    var trace: StepTrace?

    /// Working space for the kernels' arguments: one address per rank.
    let sources: UnsafeMutablePointer<UnsafeRawPointer?>
    let destinations: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    /// Where the ranks' buffers lie in the operation under way: three per rank.
    let addresses: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    /// Working memory that schedules ask for; grows, and is the peers' to read.
    var scratch: (address: UnsafeMutableRawPointer, bytes: Int)?
    /// Working memory for what arrives from other nodes to be combined, one per stream; grows.
    var stagings: [(address: UnsafeMutableRawPointer, bytes: Int)?] = Array(repeating: nil, count: 10)
    /// Messages of a small operation between nodes under way: two per node.
    var pending: [LinkTicket?] = []
    /// Bytes of this rank's block, where it's given back with the communicator; the world's stays.
    private let blockBytes: Int?
    lazy var mailbox = Mailbox(size: size)
    lazy var worker = Worker()
    lazy var workspace = FusedWorkspace()

    /// A communicator of ranks of one node, which share memory.
    convenience init(
        node: Node, members: [Member], rank: Int, timeout: Duration, tuning: Tuning, labels: [Int]? = nil,
        blockBytes: Int? = nil
    ) {
        self.init(
            node: node, members: members, own: members[rank], rank: rank, timeout: timeout, tuning: tuning,
            labels: labels, network: nil, blockBytes: blockBytes)
    }

    /// A communicator of several nodes, which works with the one of its ranks on this node.
    convenience init(network: Network, rank: Int) {
        let local = network.local
        self.init(
            node: local.node, members: Array(repeating: local.own, count: network.topology.rankCount), own: local.own,
            rank: rank, timeout: local.timeout, tuning: local.tuning, labels: nil, network: network, blockBytes: nil)
    }

    private init(
        node: Node, members: [Member], own: Member, rank: Int, timeout: Duration, tuning: Tuning, labels: [Int]?,
        network: Network?, blockBytes: Int?
    ) {
        self.blockBytes = blockBytes
        self.rank = rank
        self.size = members.count
        self.timeout = timeout
        self.tuning = tuning
        self.node = node
        self.members = .allocate(capacity: members.count)
        self.members.initialize(from: members, count: members.count)
        self.own = own
        self.labels = labels
        self.network = network
        grid = Self.machines(network, members.count)
        isOversubscribed = node.oversubscribed
        // Beside the wires nobody notices a switch to another rank, which may be what this one waits for.
        spins = node.oversubscribed || labels != nil ? 64 : 4000
        pending = Array(repeating: nil, count: 2 * (network?.topology.nodeCount ?? 0))
        sources = .allocate(capacity: members.count)
        sources.initialize(repeating: nil, count: members.count)
        destinations = .allocate(capacity: members.count)
        destinations.initialize(repeating: nil, count: members.count)
        addresses = .allocate(capacity: 3 * members.count)
        addresses.initialize(repeating: nil, count: 3 * members.count)
    }

    deinit {
        close()
        if let scratch { node.heap.release(scratch.address, bytes: scratch.bytes) }
        for case let staging? in stagings { node.heap.release(staging.address, bytes: staging.bytes) }
        if let blockBytes { node.retire(own, bytes: blockBytes, groupSize: size) }
        members.deallocate()
        sources.deallocate()
        destinations.deallocate()
        addresses.deallocate()
    }

    /// The host that this rank runs on.
    public var host: String { host(of: rank) }

    /// The host that `rank` of this communicator runs on.
    public func host(of rank: Int) -> String { network?.hosts[rank] ?? node.hosts[members[rank].nodeRank] }

    /// What this rank's links to other nodes have done since they were made, all together: those of the world, which the
    /// communicators split from it share. Take the difference of two moments; what peers have yet to receive comes later.
    public var counters: LinkCounters { network?.wires.counters ?? LinkCounters() }

    /// What a rank of this communicator is called in messages.
    func label(_ rank: Int) -> Int { labels?[rank] ?? rank }

    /// Leaves the communicator. Waits for nobody; peers that still need this rank are told at once.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        guard node.forkWitness.pointee == 1 else { return }
        if let network { return network.local.close() }
        mix_store_release_u64(own.left, 1)
        wakeSleepers()
        for member in 0..<size { _ = mix_add_u32(members[member].released, 1) }
    }

    /// Zeroed memory that the node's ranks read and write in place, aligned to a page. Not collective.
    ///
    /// Costs a system call and the zeroing of `count` elements: allocate once, use often.
    public func allocate<Element: CollectiveElement>(
        _ type: Element.Type = Element.self, count: Int
    ) throws(CollectiveError) -> SharedBuffer<Element> {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        guard count >= 0, !overflow else {
            throw CollectiveError(.invalidArgument, "\(count) elements can't be allocated", rank: rank, host: host)
        }
        guard node.forkWitness.pointee == 1 else { throw forked }
        let address: UnsafeMutableRawPointer
        do throws(CollectiveError) {
            address = try node.heap.allocate(bytes: bytes)
        } catch {
            var error = error
            (error.rank, error.host) = (rank, host)
            throw error
        }
        return SharedBuffer(
            base: address.bindMemory(to: Element.self, capacity: count), count: count, heap: node.heap)
    }

    /// Runs `operation` by the algorithm of this name from now on, or by the measured choice again (`nil`).
    ///
    /// All ranks do the same; ranks that disagree are told so by the next operation. `Algorithm.all(for:)` has the names.
    public func use(algorithm name: String?, for operation: Operation) throws(CollectiveError) {
        guard let name else {
            forced[operation] = nil
            return
        }
        let algorithms = Algorithm.all(for: operation)
        guard let algorithm = algorithms.first(where: { $0.name == name }) else {
            throw CollectiveError(
                .invalidArgument,
                "\(operation.rawValue) has no algorithm \"\(name)\"; it has "
                    + algorithms.map(\.name).joined(separator: ", "),
                rank: rank, host: host, operation: operation)
        }
        forced[operation] = algorithm
    }
}
