public import MixSchedule

// The nodes and lanes on which fused collectives work.
extension Communicator {
    /// Makes fused collectives work on these nodes from now on, or on the machines again (`nil`). All ranks do the same.
    ///
    /// A node may be a part of a machine, so that experts can be spread inside it too; ranks of one node must be on one
    /// machine, and all nodes must have equally many.
    public func use(grid: Topology?) throws(CollectiveError) {
        if let grid {
            guard grid.rankCount == size else {
                throw CollectiveError(
                    .invalidArgument, "a grid of \(grid.rankCount) ranks for a communicator of \(size)", rank: rank,
                    host: host)
            }
            guard grid.ranksPerNode != nil else { throw unevenGrid(grid) }
            for (node, ranks) in grid.nodes.enumerated() {
                guard let network, let stranger = ranks.first(where: { !network.share(ranks[0], $0) }) else { continue }
                throw CollectiveError(
                    .invalidArgument,
                    "node \(node) of the grid has rank \(ranks[0]) on \(self.host(of: ranks[0])) and rank \(stranger) on "
                        + "\(self.host(of: stranger)), which share no memory; lanes of a node must", rank: rank,
                    host: host)
            }
        }
        self.grid = grid ?? Self.machines(network, size)
        fusedGrid = nil
        schedules = schedules.filter { !$0.key.isOfGrid }
    }

    /// The nodes and lanes of the machines.
    static func machines(_ network: Network?, _ size: Int) -> Topology {
        network?.topology ?? Topology(nodeCount: 1, ranksPerNode: size)
    }

    /// The grid as this rank sees it, where it is one.
    func evenGrid(_ operation: Operation) throws(CollectiveError) -> FusedGrid {
        if let fusedGrid { return fusedGrid }
        guard grid.ranksPerNode != nil else {
            var error = unevenGrid(grid)
            error.operation = operation
            throw error
        }
        let even = FusedGrid(rank: rank, topology: grid)
        fusedGrid = even
        return even
    }

    private func unevenGrid(_ grid: Topology) -> CollectiveError {
        CollectiveError(
            .unsupported,
            "fused collectives need as many ranks on every node; these have "
                + grid.nodes.map { "\($0.count)" }.joined(separator: ", ") + " (use(grid:) can make others)",
            rank: rank,
            host: host)
    }
}
