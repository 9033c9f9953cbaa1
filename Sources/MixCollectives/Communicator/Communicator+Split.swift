internal import CMixSystem
internal import MixSchedule

extension Communicator {
    /// The ranks that give the same `color`, ordered by `key` and then by rank; collective over all ranks.
    ///
    /// The new communicator is independent of this one: both may be used side by side, by different threads too. A job can make
    /// some 8000 over several nodes: keep them.
    public func split(color: Int, key: Int = 0) throws(CollectiveError) -> Communicator {
        // Every rank makes its block for the largest group that can result, and says where it is.
        let bytes = Member.bytes(groupSize: size)
        node.reclaim()
        let block = try node.heap.reserve(bytes: bytes)
        let facts = 4
        let mine = [Int64(color), Int64(key), Int64(block - node.heap.base), Int64(network?.wires.nextNumber ?? 0)]
        var all = [Int64](repeating: 0, count: facts * size)
        // Whatever algorithm the caller forced for gathers of its own.
        let forced = self.forced
        self.forced = [:]
        defer { self.forced = forced }
        try allGather(mine, into: &all)
        let group = (0..<size)
            .filter { all[facts * $0] == Int64(color) }
            .sorted { (all[facts * $0 + 1], $0) < (all[facts * $1 + 1], $1) }
        let newRank = group.firstIndex(of: rank)!
        func member(_ old: Int) -> Member {
            let index = network.map { $0.local.members[$0.topology.lane(of: old)].nodeRank } ?? members[old].nodeRank
            return Member(node: node, nodeRank: index, offset: Int(all[facts * old + 2]))
        }
        guard let network, group.contains(where: { !network.isLocal($0) }) else {
            return Communicator(
                node: node, members: group.map(member), rank: newRank, timeout: timeout, tuning: tuning,
                blockBytes: bytes)
        }

        // Nodes of the group, in the order in which its ranks first name them.
        var nodes: [Int: [Int]] = [:]
        var order: [Int] = []
        for (new, old) in group.enumerated() {
            let node = network.topology.node(of: old)
            if nodes[node] == nil { order.append(node) }
            nodes[node, default: []].append(new)
        }
        let topology = topologyOf(order.map { nodes[$0]! })
        let mates = topology.nodes[topology.node(of: newRank)]
        let local = Communicator(
            node: node, members: mates.map { member(group[$0]) }, rank: topology.lane(of: newRank), timeout: timeout,
            tuning: tuning, labels: mates, blockBytes: bytes)
        // A pair of ranks never has two communicators of the same number: each goes on behind the highest of all.
        let number = group.reduce(0) { Swift.max($0, Int(all[facts * $1 + 3])) }
        guard number < Wires.greatestNumber else {
            throw CollectiveError(
                .unsupported,
                "this job has made \(number) communicators over several nodes, and numbers are not used again; split once, and "
                    + "keep what it returns", rank: rank, host: host)
        }
        network.wires.nextNumber = number + 1
        return Communicator(
            network: Network(
                topology: topology, rank: newRank, local: local, hosts: group.map { host(of: $0) },
                worldRanks: group.map { network.worldRanks[$0] }, wires: network.wires, number: number),
            rank: newRank)
    }

    /// The ranks of this rank's node, or of its lane; collective over all ranks.
    public func split(_ group: Group) throws(CollectiveError) -> Communicator {
        let topology = network?.topology ?? Topology(nodeCount: 1, ranksPerNode: size)
        switch group {
        case .node: return try split(color: topology.node(of: rank))
        case .lane: return try split(color: topology.lane(of: rank))
        }
    }
}

/// A topology of nodes that are known to hold each rank once.
func topologyOf(_ nodes: [[Int]]) -> Topology {
    do { return try Topology(nodes: nodes) } catch { preconditionFailure("nodes \(nodes): \(error)") }
}
