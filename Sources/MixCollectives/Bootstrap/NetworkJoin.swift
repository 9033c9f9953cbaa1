internal import CMixSystem
internal import MixSchedule

/// How a rank of several machines finds all others: everybody says at the rendezvous on which node it is, where it
/// listens, and whether it has RDMA; the ranks of a node then exchange their heaps, and ranks of different nodes connect.
struct NetworkJoin {
    let job: Job
    private let tuning: TuningWish
    private let secret: Secret

    init(_ job: Job, _ tuning: TuningWish) throws(CollectiveError) {
        self.job = job
        self.tuning = tuning
        secret = try Secret.current(for: job)
    }

    /// The world.
    func join() throws(CollectiveError) -> Communicator {
        let environment = Environment(Environment.current)
        let wish = try TransportWish(in: environment)
        let listener = try TCPListener(job)
        let offer = VerbsOffer(job, wish, environment)
        let introductions = try introduce(
            Introduction(
                node: job.node, host: Host.name, address: listener.address, transport: wish, tuning: tuning,
                rdma: offer.introduction, nonce: Handshake.nonce()))
        let tuning = try TuningWish.agreed(introductions.map(\.tuning), hosts: introductions.map(\.host))
        let topology = topologyOf(Self.nodes(introductions))
        var plan = try TransportPlan(introductions, topology)
        let mates = topology.nodes[topology.node(of: job.rank)]
        let local = try joinNode(mates, tuning, marked: introductions[mates[0]].address)
        guard topology.nodeCount > 1 else { return local }

        let strangers = (0..<job.worldSize).filter { topology.node(of: $0) != topology.node(of: job.rank) }
        var links = [(any Link)?](repeating: nil, count: job.worldSize)
        for (peer, link) in try connectVerbs(strangers, introductions, offer.endpoint, &plan) { links[peer] = link }
        let others = strangers.filter { links[$0] == nil }
        let mesh = TCPMesh(
            rank: job.rank, addresses: introductions.map(\.address), secret: secret, timeout: job.timeout)
        for (peer, socket) in try mesh.connect(others, listener: listener) {
            links[peer] = TCPLink(socket: socket, peer: peer, timeout: job.timeout)
        }

        let endpoint = plan.usesVerbs ? offer.endpoint : nil
        var routes = Array(repeating: Route(.sharedMemory, because: "on the same node"), count: job.worldSize)
        for peer in strangers {
            let (transport, reason) = plan.route(from: job.rank, to: peer)
            let device = transport == .verbs ? endpoint?.choice.summary : listener.interface.description
            routes[peer] = Route(transport, because: reason, device: device ?? "")
        }
        let wires = Wires(links: links, routes: routes, endpoint: endpoint, hasVerbs: plan.usesVerbs)
        if endpoint != nil { local.node.heap.register(with: wires) }
        return Communicator(
            network: Network(
                topology: topology, rank: job.rank, local: local, hosts: introductions.map(\.host),
                worldRanks: Array(0..<job.worldSize), wires: wires, number: 1),
            rank: job.rank)
    }

    /// Says who this rank is, and learns who all others are.
    private func introduce(_ own: Introduction) throws(CollectiveError) -> [Introduction] {
        var introductions: [Introduction] = []
        for (rank, bytes) in try Rendezvous(job, secret: secret).gather(own.bytes).enumerated() {
            guard let introduction = Introduction(bytes) else {
                throw CollectiveError(
                    .rendezvousFailed,
                    "rank \(rank) said something at the rendezvous that makes no sense; is it another version?",
                    rank: rank)
            }
            introductions.append(introduction)
        }
        return introductions
    }

    /// The ranks of each node, in the order in which ranks first name them.
    private static func nodes(_ introductions: [Introduction]) -> [[Int]] {
        var nodes: [[Int]] = []
        var indices: [String: Int] = [:]
        for (rank, introduction) in introductions.enumerated() {
            let index = indices[introduction.node] ?? nodes.count
            if index == nodes.count {
                indices[introduction.node] = index
                nodes.append([])
            }
            nodes[index].append(rank)
        }
        return nodes
    }

    /// Links to those of `peers` that the plan reaches by RDMA. Whether that worked everywhere, all ranks learn before
    /// any goes on: either all have their links, or all take TCP instead, or all throw the same error.
    private func connectVerbs(
        _ peers: [Int], _ introductions: [Introduction], _ endpoint: VerbsEndpoint?, _ plan: inout TransportPlan
    ) throws(CollectiveError) -> [Int: VerbsLink] {
        guard plan.usesVerbs else { return [:] }
        let ours = peers.filter { plan.route(from: job.rank, to: $0).transport == .verbs }
        var links: [Int: VerbsLink] = [:]
        var failure: CollectiveError?
        // Both phases together are within the job's timeout.
        if let endpoint {
            do throws(CollectiveError) {
                let mesh = VerbsMesh(endpoint, introductions, secret: secret, timeout: job.timeout / 3)
                links = try mesh.connect(ours)
            } catch {
                failure = error
            }
        }
        var patient = job
        patient.timeout = job.timeout * 2 / 3
        let said = try Rendezvous(patient, secret: secret).gather(failure.map(Self.encoded) ?? [])
        let failures = said.compactMap(Self.decodedError)
        // Who waited in vain suffers from what another rank can name.
        guard let cause = failures.first(where: { $0.code != .deadlineExceeded }) ?? failures.first else {
            return links
        }
        guard plan.mayFallBack else { throw cause }
        plan.fallBack(because: cause.message)
        return [:]
    }

    private static func encoded(_ error: CollectiveError) -> [UInt8] {
        Rendezvous.encoded([
            Handshake.bytes(of: error.code.rawValue), Handshake.bytes(of: UInt32(error.rank ?? 0)),
            Array((error.host ?? "").utf8), Array(error.message.utf8.prefix(2000)),
        ])
    }

    /// Nil where there was none.
    private static func decodedError(_ bytes: [UInt8]) -> CollectiveError? {
        guard let parts = Rendezvous.decoded(bytes), parts.count == 4, parts[0].count == 4, parts[1].count == 4 else {
            return nil
        }
        return CollectiveError(
            .init(rawValue: Handshake.word(parts[0], 0)), String(decoding: parts[3], as: UTF8.self),
            rank: Int(Handshake.word(parts[1], 0)), host: String(decoding: parts[2], as: UTF8.self))
    }

    /// The communicator of this node's ranks, which meet under a name that no other node and no other job has.
    private func joinNode(
        _ mates: [Int], _ tuning: Tuning, marked mark: NetworkAddress
    ) throws(CollectiveError) -> Communicator {
        let lane = mates.firstIndex(of: job.rank)!
        let isWorld = mates.count == job.worldSize
        let node =
            mates.count == 1
            ? try Node.alone()
            : try LocalRendezvous(
                Job(
                    rank: lane, worldSize: mates.count, rendezvous: "\(job.rendezvous)#\(mark)", node: job.node,
                    timeout: job.timeout, launcher: job.launcher), .tuning(tuning)
            ).meet()
        return Communicator(world: node, timeout: job.timeout, tuning: tuning, labels: isWorld ? nil : mates)
    }
}
