import MixCollectives

/// What one row of a fused operation says.
struct FusedMeasurement: Sendable {
    /// Seconds per call: a rank's median, of the rank where it is greatest.
    var time = 0.0
    /// The fastest call of the rank where that is slowest.
    var min = 0.0
    /// The same operation with the steps of one level only.
    var insideNodes = 0.0
    var betweenNodes = 0.0
    /// Wrong elements, summed over ranks.
    var wrong = 0
    var iterations = 0
    /// Bytes of rows or blocks that a node's lanes sent to other nodes, per lane, of the node where it is most.
    var sent = 0.0
    /// The same of what lanes told each other before.
    var notes = 0.0
    var wire = WireUse()
    /// The steps of one call; on rank 0 those of all ranks.
    var steps = StepTimeline(runs: [])

    /// 1 when the shorter level is hidden behind the longer one completely.
    var overlap: Double { time > 0 ? Swift.max(insideNodes, betweenNodes) / time : 0 }
}
