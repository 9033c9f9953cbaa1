internal import MixSchedule

/// Which transport joins each pair of ranks, and why. Every rank makes the same plan, from what all have said.
struct TransportPlan {
    private let introductions: [Introduction]
    private let topology: Topology
    /// Why RDMA is not used although it is there, once that is so.
    private var failure: String?

    /// - Throws: what all ranks throw alike: ``CollectiveError/Code/invalidJob`` when they disagree on `MIX_TRANSPORT`,
    ///   ``CollectiveError/Code/unsupported`` when what was asked for can't be had; both name a rank and its host.
    init(_ introductions: [Introduction], _ topology: Topology) throws(CollectiveError) {
        self.introductions = introductions
        self.topology = topology
        let wish = introductions[0].transport
        if let other = introductions.firstIndex(where: { $0.transport != wish }) {
            throw CollectiveError(
                .invalidJob,
                "rank 0 on \(introductions[0].host) has MIX_TRANSPORT=\(wish.rawValue), rank \(other) has "
                    + "\(introductions[other].transport.rawValue); set the same on all ranks",
                rank: other, host: introductions[other].host)
        }
        guard topology.nodeCount > 1 else { return }
        if wish == .sharedMemory {
            let stranger = topology.nodes[1][0]
            throw CollectiveError(
                .unsupported,
                "MIX_TRANSPORT=shm, but rank \(stranger) is on node \"\(introductions[stranger].node)\" and rank 0 on "
                    + "\"\(introductions[0].node)\", and shared memory ends at a node; take tcp, verbs or auto",
                rank: stranger, host: introductions[stranger].host)
        }
        for (rank, introduction) in introductions.enumerated() {
            if case .refused(let reason) = introduction.rdma { throw unavailable(rank, reason) }
            if wish == .verbs, case .absent(let reason) = introduction.rdma { throw unavailable(rank, reason) }
        }
        if wish == .verbs, let other = introductions.firstIndex(where: { $0.kind != introductions[0].kind }) {
            throw unavailable(
                other, "its RDMA is \(introductions[other].kind ?? ""), rank 0's \(introductions[0].kind ?? "")")
        }
    }

    private func unavailable(_ rank: Int, _ reason: String) -> CollectiveError {
        CollectiveError(
            .unsupported,
            "rank \(rank) can't use RDMA: \(reason). See `mixbench info`; choose by MIX_RDMA_DEVICE and MIX_RDMA_GID_INDEX, or "
                + "do without by MIX_TRANSPORT=tcp", rank: rank, host: introductions[rank].host)
    }

    /// Whether some pair of ranks uses RDMA.
    var usesVerbs: Bool {
        guard failure == nil, introductions[0].transport != .tcp else { return false }
        var nodes: [String: Int] = [:]
        for (rank, introduction) in introductions.enumerated() {
            guard let kind = introduction.kind else { continue }
            let node = topology.node(of: rank)
            if nodes[kind, default: node] != node { return true }
            nodes[kind] = node
        }
        return false
    }

    /// Whether TCP may take over where RDMA turns out not to work: nobody asked for RDMA, nor for a device.
    var mayFallBack: Bool {
        introductions[0].transport == .auto
            && introductions.allSatisfy {
                if case .available(_, _, _, isForced: true) = $0.rdma { false } else { true }
            }
    }

    /// TCP for all pairs: a network that joins some ranks and not others is more likely broken than meant so.
    mutating func fallBack(because reason: String) { failure = reason }

    /// The way between two ranks of different nodes.
    func route(from rank: Int, to peer: Int) -> (transport: Route.Transport, reason: String) {
        if introductions[0].transport == .tcp { return (.tcp, "MIX_TRANSPORT=tcp") }
        if let failure { return (.tcp, "RDMA was tried: \(failure)") }
        // In order, so that both ends say the same.
        let (rank, peer) = (Swift.min(rank, peer), Swift.max(rank, peer))
        for end in [rank, peer] {
            if case .absent(let reason) = introductions[end].rdma {
                return (.tcp, "no RDMA on \(introductions[end].host): \(reason)")
            }
        }
        guard let kind = introductions[rank].kind, let other = introductions[peer].kind else {
            preconditionFailure("a rank without RDMA has said why")
        }
        return kind == other ? (.verbs, "both have \(kind)") : (.tcp, "\(kind) and \(other) don't meet")
    }
}

extension Introduction {
    /// What both ends of an RDMA connection must have in common, where there is RDMA.
    var kind: String? {
        if case .available(_, let kind, _, _) = rdma { kind } else { nil }
    }
}
