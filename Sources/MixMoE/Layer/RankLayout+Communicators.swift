internal import MixCollectives
internal import MixSchedule

extension RankLayout {
    /// Whether the lanes of all cells are on one node of `world` each.
    func lanesShareMemory(_ world: Communicator) -> Bool {
        let grid = world.grid
        return cells.indices.allSatisfy { rank in
            grid.node(of: rank) == grid.node(of: cells.firstIndex(of: cells[rank])!)
        }
    }

    /// The communicators of a layer. Collective over all ranks, which come to the same layout.
    func communicators(
        of world: Communicator, _ communication: MoELayerOptions.Communication
    ) throws(CollectiveError) -> (column: Communicator, reduction: Communicator?, gathering: Communicator?) {
        let rank = world.rank
        let scope = scope(of: rank)
        let set = cellsOfScope[scope][0] / parts
        let bySet = setsPerScope > 1 ? scope : set
        // Lanes that share no memory go each their own way, and meet in the sum at the end.
        let together = lanesShareMemory(world)
        let gridLanes = together ? laneCount : 1
        let column = try world.split(
            color: (bySet * columnCount + column(of: rank)) * laneCount + (together ? 0 : lanes[rank]),
            key: scope * laneCount + lanes[rank])
        try column.use(grid: Topology(nodeCount: column.size / gridLanes, ranksPerNode: gridLanes))
        if communication == .unfused {
            try column.use(algorithm: "unfused", for: .fusedDispatch)
            try column.use(algorithm: "unfused", for: .fusedCombine)
        }
        var reduction: Communicator?
        if columnCount > 1 || !together {
            reduction = try world.split(color: together ? scope * laneCount + lanes[rank] : scope)
        }
        var gathering: Communicator?
        if groups(inScopeOf: rank).count > 1 {
            // Of each group in the cell, those of the same place among its own.
            let alike = cells.indices.filter { cells[$0] == cells[rank] && groups[$0] == groups[rank] }
            gathering = try world.split(
                color: cells[rank] * laneCount + alike.firstIndex(of: rank)!, key: groups[rank])
        }
        return (column, reduction, gathering)
    }
}
