/// What a strategy's experts' block decides alone: grids, loads, and weights of experts.
///
/// Made once for all of the attention blocks that it is combined with.
struct ExpertLayout: Sendable {
    let experts: Strategy.Experts
    let grid: ExpertGrid
    /// E[rows per token to one group], with one row for all choices of a token there.
    let rowsPerGroup: Double
    /// E[choices per token on one group].
    let choicesPerGroup: Double
    /// k.
    let choices: Int
    /// Experts of the group that has the most.
    let expertsPerGroup: Int
    /// The busiest group's load over the mean, from popularity.
    let imbalance: Double
    /// Over groups, or over those that share processors or memory, one for all.
    private let rowsPeers: Peers
    private let touchedPeers: Peers

    /// Groups whose mean counts, because a busy one takes what an idle one leaves, among so many such means.
    private struct Peers {
        let merged: Int
        /// E[the largest of them, as standard deviations of one group].
        let maximum: Double

        init(groups: Int, merged: Int) {
            self.merged = min(groups, max(1, merged))
            maximum =
                expectedMaximum(ofNormals: (groups + self.merged - 1) / self.merged)
                / Double(self.merged).squareRoot()
        }
    }

    /// - Parameters:
    ///   - imbalance: the busiest group's load over the mean, see ``ExpertLoad/imbalance(of:expert:options:)``.
    ///   - processorsPerNode: nil where every rank has its own.
    ///   - ranksPerMemory: how many ranks read their weights from the same memory.
    init?(
        _ experts: Strategy.Experts, ranksPerNode: Int, model: ModelSpec, imbalance: Double, options: PlannerOptions,
        processorsPerNode: Int? = nil, ranksPerMemory: Int = 1
    ) {
        let (laneStride, groupStride) = experts.tensorIsInside ? (1, experts.tensor) : (experts.expert, 1)
        guard
            let lanes = GroupShape(size: experts.tensor, stride: laneStride, ranksPerNode: ranksPerNode),
            let groups = GroupShape(size: experts.expert, stride: groupStride, ranksPerNode: ranksPerNode)
        else { return nil }
        self.experts = experts
        grid = ExpertGrid(lanes: lanes, groups: groups)
        let routing = UniformRouting(
            experts: model.experts.count, choices: model.experts.choices, nodes: experts.expert)
        rowsPerGroup = routing.nodeProbability
        choicesPerGroup = Double(model.experts.choices) / Double(experts.expert)
        choices = model.experts.choices
        expertsPerGroup =
            (model.experts.count + options.redundantExperts + experts.expert - 1) / experts.expert
        self.imbalance = imbalance
        let sharesProcessors = processorsPerNode.map { $0 < ranksPerNode } ?? false
        rowsPeers = Peers(groups: experts.expert, merged: sharesProcessors ? groups.perNode : 1)
        touchedPeers = Peers(
            groups: experts.expert, merged: ranksPerMemory / (experts.tensorIsInside ? experts.tensor : 1))
    }

    /// E[rows that the busiest group's experts see], for so many tokens over all groups: popularity, and chance on top.
    func busiestRows(tokens: Double) -> Double {
        let mean = tokens * choicesPerGroup * imbalance
        let share = min(1, imbalance / Double(experts.expert))
        let deviation = (mean * (1 - share)).squareRoot()
        return min(tokens * Double(min(expertsPerGroup, choices)), mean + rowsPeers.maximum * deviation)
    }

    /// E[different experts of the busiest group that have any token]: their weights are read.
    ///
    /// - Parameter probability: that a token chooses a given expert.
    func busiestTouched(tokens: Double, probability: Double) -> Double {
        let untouched = power(1 - min(1, probability * imbalance), tokens)
        let count = Double(expertsPerGroup)
        guard expertsPerGroup > 32 || touchedPeers.merged > 1 else {
            return expectedMaximum(
                ofBinomials: experts.expert, trials: expertsPerGroup, probability: 1 - untouched)
        }
        let mean = count * (1 - untouched)
        return min(count, mean + touchedPeers.maximum * (count * untouched * (1 - untouched)).squareRoot())
    }
}
