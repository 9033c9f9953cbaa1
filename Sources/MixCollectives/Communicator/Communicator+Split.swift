internal import CMixSystem

extension Communicator {
    /// The ranks that give the same `color`, ordered by `key` and then by rank; collective over all ranks.
    ///
    /// The new communicator is independent of this one: both may be used side by side, by different threads too.
    public func split(color: Int, key: Int = 0) throws(CollectiveError) -> Communicator {
        // Every rank makes its block for the largest group that can result, and says where it is.
        let bytes = Member.bytes(groupSize: size)
        node.reclaim()
        let block = try node.heap.reserve(bytes: bytes)
        let mine = [Int64(color), Int64(key), Int64(block - node.heap.base)]
        var all = [Int64](repeating: 0, count: 3 * size)
        // Whatever algorithm the caller forced for gathers of its own.
        let forced = self.forced
        self.forced = [:]
        defer { self.forced = forced }
        try allGather(mine, into: &all)
        let group = (0..<size)
            .filter { all[3 * $0] == Int64(color) }
            .sorted { (all[3 * $0 + 1], $0) < (all[3 * $1 + 1], $1) }
        let members = group.map {
            Member(node: node, nodeRank: self.members[$0].nodeRank, offset: Int(all[3 * $0 + 2]))
        }
        return Communicator(
            node: node, members: members, rank: group.firstIndex(of: rank)!, timeout: timeout, blockBytes: bytes)
    }

    /// The ranks of this rank's node, or of its lane; collective over all ranks.
    public func split(_ group: Group) throws(CollectiveError) -> Communicator {
        // Shared memory reaches one node: all ranks are on it, and every rank is a lane of its own.
        switch group {
        case .node: try split(color: 0)
        case .lane: try split(color: rank)
        }
    }
}
