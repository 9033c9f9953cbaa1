extension Planner {
    /// Prices every strategy of the cluster's ranks.
    ///
    /// - Parameters:
    ///   - objective: by which plans are sorted.
    ///   - progress: is told now and then which part of the search is done, 0 to 1.
    /// - Throws: ``PlannerError`` if there is no plan, or none that meets the workload's limits.
    public func search(
        for objective: Objective = .throughput, progress: (Double) -> Void = { _ in }
    ) throws(PlannerError) -> PlanSearch {
        var search = PlanSearch(plans: [], rejected: [])
        let space = StrategySpace(
            rankCount: cluster.rankCount, ranksPerNode: cluster.ranksPerNode,
            allowsReplication: options.allowsReplication)
        let pipelines = space.pipelines
        for (number, pipeline) in pipelines.enumerated() {
            let ranks = cluster.rankCount / pipeline
            try searchStage(space, ranks: ranks, pipeline: pipeline, into: &search) { part in
                progress((Double(number) + part) / Double(pipelines.count))
            }
        }
        guard !search.plans.isEmpty else { throw reason(search.rejected) }
        search.plans.sort { isBetter($0, $1, for: objective) }
        guard search.plans[0].meets(workload) else { throw missedLimits(search.plans) }
        return search
    }

    private func isBetter(_ first: Plan, _ second: Plan, for objective: Objective) -> Bool {
        let (meets, other) = (first.meets(workload), second.meets(workload))
        guard meets == other else { return meets }
        let (cost, otherCost) = (objective.cost(first.performance), objective.cost(second.performance))
        guard cost == otherCost else { return cost < otherCost }
        return first.performance.ttft + first.performance.itl < second.performance.ttft + second.performance.itl
    }

    /// All strategies of one number of stages.
    private func searchStage(
        _ space: StrategySpace, ranks: Int, pipeline: Int, into search: inout PlanSearch, progress: (Double) -> Void
    ) throws(PlannerError) {
        let experts = space.experts(ranks: ranks).map { block in
            let layout = Result { () throws(Rejection) in try expertLayout(block) }
            return (block, layout.flatMap { stayInside($0.grid.lanes, $0) })
        }
        let attentions = space.attentions(ranks: ranks)
        for (number, attention) in attentions.enumerated() {
            let layout = Result { () throws(Rejection) in try attentionLayout(attention, ranksPerStage: ranks) }
                .flatMap { stayInside($0.group, $0) }
            var plans: [(plan: Plan, layout: ExpertLayout)] = []
            for (block, expertLayout) in experts where max(attention.rankCount, block.rankCount) == ranks {
                let strategy = try Strategy(attention: attention, experts: block, pipeline: pipeline)
                switch (layout, expertLayout) {
                case (.failure(let reason), _), (_, .failure(let reason)): search.rejected.append((strategy, reason))
                case (.success(let layout), .success(let expertLayout)):
                    switch price(strategy, layout, expertLayout) {
                    case .success(let plan): plans.append((plan, expertLayout))
                    case .failure(let reason): search.rejected.append((strategy, reason))
                    }
                }
            }
            if case .success(let layout) = layout, let phased = phased(plans, layout) { search.plans.append(phased) }
            search.plans.append(contentsOf: plans.map(\.plan))
            progress(Double(number + 1) / Double(attentions.count))
        }
    }

    /// The layout, or the reason that its tensor parallel group lies on several nodes.
    private func stayInside<Layout>(_ group: GroupShape, _ layout: Layout) -> Result<Layout, Rejection> {
        guard group.nodes > 1, !options.allowsTensorAcrossNodes, cluster.ranksPerNode > 1 else {
            return .success(layout)
        }
        return .failure(.crossesNodes(tensor: group.size, ranksPerNode: cluster.ranksPerNode))
    }

    /// The fastest prefill and the fastest decoding of one attention block together, where that is better than either and
    /// experts' weights fit twice.
    private func phased(_ plans: [(plan: Plan, layout: ExpertLayout)], _ attention: AttentionLayout) -> Plan? {
        guard options.costModel == .refined, options.allowsPhases,
            let prefill = plans.min(by: { $0.plan.performance.prefill.seconds < $1.plan.performance.prefill.seconds }),
            let decode = plans.min(by: { $0.plan.performance.itl < $1.plan.performance.itl }),
            prefill.plan.strategy != decode.plan.strategy,
            case .success(let both) = price(
                decode.plan.strategy, attention, decode.layout,
                prefillExperts: (prefill.plan.strategy, prefill.layout)),
            both.performance.ttft < decode.plan.performance.ttft, both.performance.itl < prefill.plan.performance.itl
        else { return nil }
        return both
    }
}
