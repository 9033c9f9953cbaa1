internal import CMixSystem
internal import MixSchedule

/// How a rank of several machines finds all others: everybody says at the rendezvous on which node it is and where it
/// listens; the ranks of a node then exchange their heaps, and ranks of different nodes connect.
struct NetworkJoin {
    let job: Job
    private let secret: Secret

    init(_ job: Job) throws(CollectiveError) {
        self.job = job
        secret = try Secret.current(for: job)
    }

    /// The world.
    func join() throws(CollectiveError) -> Communicator {
        let listener = try TCPListener(job)
        let words = [job.node, Host.name, listener.address.description]
        let said = try Rendezvous(job, secret: secret).gather(Array(words.joined(separator: "\n").utf8))
        var nodes: [[Int]] = []
        var indices: [String: Int] = [:]
        var hosts: [String] = []
        var addresses: [NetworkAddress] = []
        for (rank, bytes) in said.enumerated() {
            let words = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            guard words.count == 3, let address = NetworkAddress(words[2]) else {
                throw CollectiveError(
                    .rendezvousFailed,
                    "rank \(rank) said something at the rendezvous that makes no sense; is it another version?",
                    rank: rank)
            }
            let node = String(words[0])
            if indices[node] == nil {
                indices[node] = nodes.count
                nodes.append([])
            }
            nodes[indices[node]!].append(rank)
            hosts.append(String(words[1]))
            addresses.append(address)
        }
        let topology = topologyOf(nodes)
        let mates = topology.nodes[topology.node(of: job.rank)]
        let local = try joinNode(mates, marked: addresses[mates[0]])
        guard topology.nodeCount > 1 else { return local }

        let strangers = (0..<job.worldSize).filter { topology.node(of: $0) != topology.node(of: job.rank) }
        let mesh = TCPMesh(rank: job.rank, addresses: addresses, secret: secret, timeout: job.timeout)
        let sockets = try mesh.connect(strangers, listener: listener)
        let links = (0..<job.worldSize).map { rank -> (any Link)? in
            sockets[rank].map { TCPLink(socket: $0, peer: rank, timeout: job.timeout) }
        }
        return Communicator(
            network: Network(
                topology: topology, rank: job.rank, local: local, hosts: hosts, worldRanks: Array(0..<job.worldSize),
                wires: Wires(links: links), number: 1),
            rank: job.rank)
    }

    /// The communicator of this node's ranks, which meet under a name that no other node and no other job has.
    private func joinNode(_ mates: [Int], marked mark: NetworkAddress) throws(CollectiveError) -> Communicator {
        let lane = mates.firstIndex(of: job.rank)!
        let isWorld = mates.count == job.worldSize
        let node =
            mates.count == 1
            ? try Node.alone()
            : try LocalRendezvous(
                Job(
                    rank: lane, worldSize: mates.count, rendezvous: "\(job.rendezvous)#\(mark)", node: job.node,
                    timeout: job.timeout, launcher: job.launcher)
            ).meet()
        return Communicator(world: node, timeout: job.timeout, labels: isWorld ? nil : mates)
    }
}
