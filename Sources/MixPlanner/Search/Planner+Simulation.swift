extension Planner {
    /// The steps of a plan with collectives priced by simulating their schedules, in place of the closed forms of a search.
    ///
    /// Takes milliseconds to seconds. Groups of more than 64 ranks keep their closed forms, and so does exchange without
    /// fusion.
    ///
    /// - Returns: what one request's prefill and one step of decoding take, as in ``Performance``; the plan's own with the paper's
    ///   cost model, which knows no schedules.
    public func simulate(_ plan: Plan) throws(PlannerError) -> (prefill: StepCost, decode: StepCost) {
        guard options.costModel == .refined else { return (plan.performance.prefill, plan.performance.decode) }
        let strategy = plan.strategy
        let pricing = CollectiveSimulation(cluster)
        let (groups, pipeline) = (strategy.attention.data, strategy.pipeline)
        do {
            let attention = try attentionLayout(strategy.attention, ranksPerStage: strategy.ranksPerStage)
            func cost(_ step: RefinedModel.Step, _ experts: Strategy.Experts) throws(Rejection) -> StepCost {
                refined.cost(
                    step, attention, try expertLayout(experts), pipeline: pipeline,
                    ranksPerStage: strategy.ranksPerStage, pricing: pricing)
            }
            return (
                try cost(
                    serving.prefillSteps(requests: 1, groups: groups).step,
                    (plan.prefillStrategy ?? strategy).experts),
                try cost(
                    serving.decodeStep(requests: plan.performance.batch, groups: groups, pipeline: pipeline),
                    strategy.experts)
            )
        } catch {
            throw .rejected(strategy: "\(strategy)", reason: error)
        }
    }
}
