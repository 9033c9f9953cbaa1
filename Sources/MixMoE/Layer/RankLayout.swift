internal import MixPlanner

/// Which ranks hold the same tokens and which share experts, for one strategy.
///
/// A *group* is the ranks of one attention data parallelism: they have the same tokens. A *cell* is the ranks that share
/// the same experts by tensor parallelism, its lanes. All lanes of a cell need the same tokens, so groups that meet in a cell
/// put their tokens together: a *scope* is the ranks that have the same tokens then. A scope has one or more cells, its
/// *columns*; tokens travel between the scopes inside a column. Where cells are more than experts' parts, every so
/// many of them are a complete *set* of experts.
struct RankLayout: Sendable, Hashable {
    /// The group of each rank.
    let groups: [Int]
    /// The cell of each rank.
    let cells: [Int]
    /// The lane of each rank in its cell.
    let lanes: [Int]
    /// The ranks of each scope, in order.
    let scopes: [[Int]]
    /// The cells of each scope, by column.
    let cellsOfScope: [[Int]]
    /// Lanes per cell: TP of the experts.
    let laneCount: Int
    /// Parts into which the experts are cut: EP.
    let parts: Int

    /// Columns per scope.
    var columnCount: Int { cellsOfScope[0].count }
    /// Scopes whose columns are one complete set of experts, or 1 where a scope has a set or more of its own.
    var scopesPerSet: Int { max(1, parts / columnCount) }
    /// Sets of experts inside one scope, between which its tokens are shared out.
    var setsPerScope: Int { max(1, columnCount / parts) }

    /// Lays `strategy` out over the ranks of one pipeline stage.
    init(_ strategy: Strategy, rankCount: Int) throws(MoEError) {
        let (attention, experts) = (strategy.attention, strategy.experts)
        func refuse(_ why: String) -> MoEError {
            MoEError(.invalidStrategy, "\"\(strategy)\" does not fit \(rankCount) ranks: \(why)")
        }
        guard rankCount.isMultiple(of: attention.tensor * attention.data) else {
            throw refuse(
                "attention is cut \(attention.tensor) × \(attention.data) ways, and \(rankCount) is no multiple")
        }
        // Where attention has fewer ranks, more have the same tokens.
        let groupSize = rankCount / attention.data
        let setSize = experts.tensor * experts.expert
        guard rankCount.isMultiple(of: setSize) else {
            throw refuse("experts are cut \(experts.tensor) × \(experts.expert) ways, and \(rankCount) is no multiple")
        }
        let ranks = 0..<rankCount
        let groups = ranks.map { attention.tensorIsInside ? $0 / groupSize : $0 % attention.data }
        let cells = ranks.map { rank in
            let (set, inner) = (rank / setSize, rank % setSize)
            return set * experts.expert
                + (experts.tensorIsInside ? inner / experts.tensor : inner % experts.expert)
        }
        self.groups = groups
        self.cells = cells
        lanes = ranks.map { rank in
            let inner = rank % setSize
            return experts.tensorIsInside ? inner % experts.tensor : inner / experts.expert
        }
        laneCount = experts.tensor
        parts = experts.expert

        // Ranks that share a group or a cell, directly or by way of others.
        var scopeOfRank = Array(ranks)
        for rank in ranks {
            for other in 0..<rank where groups[other] == groups[rank] || cells[other] == cells[rank] {
                let (from, to) = (scopeOfRank[rank], scopeOfRank[other])
                for index in ranks where scopeOfRank[index] == from { scopeOfRank[index] = to }
            }
        }
        scopes = Set(scopeOfRank).map { scope in ranks.filter { scopeOfRank[$0] == scope } }.sorted { $0[0] < $1[0] }
        cellsOfScope = scopes.map { scope in Set(scope.map { cells[$0] }).sorted() }

        let columnCount = cellsOfScope[0].count
        for (scope, itsCells) in zip(scopes, cellsOfScope) {
            let scopeGroups = Set(scope.map { groups[$0] })
            for cell in itsCells {
                let present = scope.filter { cells[$0] == cell }.map { groups[$0] }
                guard Set(present) == scopeGroups, present.count.isMultiple(of: scopeGroups.count) else {
                    throw refuse("the ranks that share experts do not all have, or are not all given, the same tokens")
                }
            }
            let sets = Set(itsCells.map { $0 / parts })
            guard itsCells.count == columnCount,
                columnCount <= parts
                    ? sets.count == 1 && parts.isMultiple(of: columnCount)
                    : columnCount.isMultiple(of: parts) && sets.count == columnCount / parts
            else {
                throw refuse("the ranks that have the same tokens can't be paired with the parts of the experts")
            }
        }
    }

    /// The scope of a rank.
    func scope(of rank: Int) -> Int { scopes.firstIndex { $0.contains(rank) }! }

    /// The column of a rank's cell in its scope.
    func column(of rank: Int) -> Int { cellsOfScope[scope(of: rank)].firstIndex(of: cells[rank])! }

    /// The groups of a rank's scope, in order.
    func groups(inScopeOf rank: Int) -> [Int] { Set(scopes[scope(of: rank)].map { groups[$0] }).sorted() }
}
