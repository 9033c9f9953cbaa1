/// The weights of one gated MLP, down(activation(gate(x), up(x))): an expert, a shared expert, or a shard of one.
struct GatedWeights {
    /// [width, hidden].
    var gate: StoredMatrix
    /// [width, hidden].
    var up: StoredMatrix
    /// [hidden, width].
    var down: StoredMatrix
    /// [width], where the family has one.
    var gateBias: [Float]?
    /// [width], where the family has one.
    var upBias: [Float]?
    /// [hidden], where the family has one.
    var downBias: [Float]?

    /// The inner width.
    var width: Int { gate.rows }

    /// The part of one lane when lanes share the inner width evenly; results are sums over the lanes.
    func shard(lane: Int, of lanes: Int) -> GatedWeights {
        let part = width / lanes
        let range = lane * part..<(lane + 1) * part
        return GatedWeights(
            gate: gate.rows(range), up: up.rows(range), down: down.columns(range),
            gateBias: gateBias.map { Array($0[range]) }, upBias: upBias.map { Array($0[range]) },
            // A sum of parts has the bias once.
            downBias: lane == 0 ? downBias : nil)
    }
}
