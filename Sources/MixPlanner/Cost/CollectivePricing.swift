/// What gives collectives their prices: closed forms, or the simulation of their schedules. All results are in seconds.
protocol CollectivePricing {
    /// All-reduce of `bytes` on every rank of a group.
    func allReduce(_ bytes: Double, _ shape: GroupShape) -> Double
    /// Reduce-scatter of `bytes` on every rank, of which each gets its part.
    func reduceScatter(_ bytes: Double, _ shape: GroupShape) -> Double
    /// All-gather of equal parts of `bytes` to every rank.
    func allGather(_ bytes: Double, _ shape: GroupShape) -> Double
    /// One message from a rank to another one.
    func message(_ bytes: Double, betweenNodes: Bool) -> Double
    /// Fused dispatch of rows from every group of lanes to every other one.
    func fusedDispatch(_ rows: RowVolumes, _ grid: ExpertGrid) -> Double
    /// Fused combine of rows from every group of lanes to their owners.
    func fusedCombine(_ rows: RowVolumes, _ grid: ExpertGrid) -> Double
    /// Rows of each rank's share of the tokens to experts that are whole on one rank.
    func allToAllDispatch(_ rows: RowVolumes, _ grid: ExpertGrid) -> Double
    /// The same on the way back, with the sum of what arrives.
    func allToAllCombine(_ rows: RowVolumes, _ grid: ExpertGrid) -> Double
    /// Dispatch as engines without fusion do it.
    func unfusedDispatch(_ rows: RowVolumes, _ grid: ExpertGrid) -> Double
    /// Combine as engines without fusion do it.
    func unfusedCombine(_ rows: RowVolumes, _ grid: ExpertGrid) -> Double
}
