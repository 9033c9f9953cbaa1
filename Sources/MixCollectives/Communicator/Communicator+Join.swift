internal import CMixSystem

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
        guard job.worldSize >= 1, job.rank >= 0, job.rank < job.worldSize else {
            throw CollectiveError(
                .invalidJob, "rank \(job.rank) of \(job.worldSize): a rank is in 0 ..< the number of ranks")
        }
        let node = try job.worldSize == 1 ? Node.alone() : LocalRendezvous(job).meet()
        return Communicator(world: node, timeout: job.timeout)
    }

    /// A world of `ranks` ranks inside this process: one communicator each, for as many threads.
    public static func inProcess(
        ranks: Int, timeout: Duration = .seconds(30)
    ) throws(CollectiveError) -> [Communicator] {
        guard ranks >= 1 else { throw CollectiveError(.invalidArgument, "a world has at least one rank, not \(ranks)") }
        var heaps: [SharedHeap] = []
        for _ in 0..<ranks { heaps.append(try Node.makeHeap(worldSize: ranks)) }
        var worlds: [Communicator] = []
        for rank in 0..<ranks {
            let node = try Node(
                heaps: heaps, index: rank, hosts: Array(repeating: Host.name, count: ranks),
                sameProcess: Array(repeating: true, count: ranks), oversubscribed: ranks > Host.processorCount)
            worlds.append(Communicator(world: node, timeout: timeout))
        }
        return worlds
    }

    private convenience init(world node: Node, timeout: Duration) {
        let size = node.heaps.count
        let offset = Member.worldOffset(groupSize: size)
        let members = (0..<size).map { Member(node: node, nodeRank: $0, offset: offset) }
        self.init(node: node, members: members, rank: node.index, timeout: timeout)
    }
}

extension Node {
    /// A node of one rank.
    static func alone() throws(CollectiveError) -> Node {
        try Node(
            heaps: [makeHeap(worldSize: 1)], index: 0, hosts: [Host.name], sameProcess: [true], oversubscribed: false)
    }
}
