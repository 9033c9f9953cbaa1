internal import CMixSystem
internal import MixSchedule

extension Communicator {
    /// Joins the job that this process was started in: by torchrun, mpirun, srun, Kubernetes, ``Launcher`` or
    /// with `MIX_RANK`, `MIX_WORLD_SIZE` and `MIX_RENDEZVOUS` set. Without any of them: a world of one.
    ///
    /// Returns when all ranks have come, or throws within `MIX_TIMEOUT` seconds (30) and names those that did not.
    public static func join() throws(CollectiveError) -> Communicator {
        try join(Job.current() ?? Job(rank: 0, worldSize: 1, rendezvous: "alone", launcher: "nobody"))
    }

    /// Joins a job that the caller describes.
    public static func join(_ job: Job) throws(CollectiveError) -> Communicator {
        mix_open_standard_files()
        guard job.worldSize >= 1, job.rank >= 0, job.rank < job.worldSize else {
            throw CollectiveError(
                .invalidJob, "rank \(job.rank) of \(job.worldSize): a rank is in 0 ..< the number of ranks")
        }
        let wish = TuningWish(job, in: Environment(Environment.current))
        // A rendezvous that is an address is for several machines; any other text names a job of this one.
        if job.worldSize > 1, try RendezvousPlace(job.rendezvous) != nil { return try NetworkJoin(job, wish).join() }
        let node = job.worldSize == 1 ? try Node.alone() : try LocalRendezvous(job, wish).meet()
        let tuning = try TuningWish.agreed([wish], hosts: [Host.name])
        return Communicator(world: node, timeout: job.timeout, tuning: tuning)
    }

    /// A world of `ranks` ranks inside this process: one communicator each, for as many threads.
    ///
    /// With `nodes` above 1 they are on virtual nodes of equal size, which share no memory and talk over TCP, as `tuning` says.
    public static func inProcess(
        ranks: Int, nodes: Int = 1, timeout: Duration = .seconds(30), tuning: Tuning = Tuning()
    ) throws(CollectiveError) -> [Communicator] {
        guard ranks >= 1, nodes >= 1, ranks.isMultiple(of: nodes) else {
            throw CollectiveError(
                .invalidArgument,
                "\(ranks) ranks can't be spread evenly over \(nodes) nodes; a world has at least one of each")
        }
        let job = Job(rank: 0, worldSize: ranks, rendezvous: "alone", tuning: tuning)
        let tuning = try TuningWish.agreed([TuningWish(job, in: Environment([:]))], hosts: [Host.name])
        let nodeSize = ranks / nodes
        var worlds: [Communicator] = []
        for first in stride(from: 0, to: ranks, by: nodeSize) {
            var heaps: [SharedHeap] = []
            for _ in 0..<nodeSize { heaps.append(try Node.makeHeap(worldSize: nodeSize)) }
            for lane in 0..<nodeSize {
                let node = try Node(
                    heaps: heaps, index: lane, hosts: Array(repeating: Host.name, count: nodeSize),
                    sameProcess: Array(repeating: true, count: nodeSize), oversubscribed: ranks > Host.processorCount)
                worlds.append(
                    Communicator(
                        world: node, timeout: timeout, tuning: tuning,
                        labels: nodes == 1 ? nil : Array(first..<first + nodeSize)))
            }
        }
        return nodes == 1 ? worlds : try joined(worlds, nodeSize: nodeSize, timeout: timeout)
    }

    /// Links worlds of one node each to a world of all.
    private static func joined(
        _ locals: [Communicator], nodeSize: Int, timeout: Duration
    ) throws(CollectiveError) -> [Communicator] {
        let topology = Topology(nodeCount: locals.count / nodeSize, ranksPerNode: nodeSize)
        var links = Array(repeating: [(any Link)?](repeating: nil, count: locals.count), count: locals.count)
        for low in locals.indices {
            for high in locals.indices where high > low && topology.node(of: low) != topology.node(of: high) {
                let (one, other) = try loopbackConnection()
                links[low][high] = TCPLink(socket: one, peer: high, timeout: timeout)
                links[high][low] = TCPLink(socket: other, peer: low, timeout: timeout)
            }
        }
        let hosts = locals.map { "\($0.host)" }
        let route = Route(.tcp, because: "virtual nodes of one process", device: "loopback")
        let routes = Array(repeating: route, count: locals.count)
        return locals.indices.map { rank in
            Communicator(
                network: Network(
                    topology: topology, rank: rank, local: locals[rank], hosts: hosts,
                    worldRanks: Array(locals.indices),
                    wires: Wires(links: links[rank], routes: routes), number: 1),
                rank: rank)
        }
    }

    private static func loopbackConnection() throws(CollectiveError) -> (Int32, Int32) {
        var port: Int32 = 0
        let listener = mix_tcp_listen("127.0.0.1", 0, &port)
        guard listener >= 0 else { throw .system("listening on loopback", -listener) }
        defer { mix_close(listener) }
        let one = mix_tcp_connect("127.0.0.1", port, 5000)
        guard one >= 0 else { throw .system("connecting on loopback", -one) }
        _ = mix_wait_file(listener, 0, 5000)
        let other = mix_tcp_accept(listener)
        guard other >= 0 else { throw .system("accepting on loopback", -other) }
        return (one, other)
    }

    convenience init(world node: Node, timeout: Duration, tuning: Tuning, labels: [Int]? = nil) {
        let size = node.heaps.count
        let offset = Member.worldOffset(groupSize: size)
        let members = (0..<size).map { Member(node: node, nodeRank: $0, offset: offset) }
        self.init(node: node, members: members, rank: node.index, timeout: timeout, tuning: tuning, labels: labels)
    }
}

extension Node {
    /// A node of one rank.
    static func alone() throws(CollectiveError) -> Node {
        try Node(
            heaps: [makeHeap(worldSize: 1)], index: 0, hosts: [Host.name], sameProcess: [true], oversubscribed: false)
    }
}
