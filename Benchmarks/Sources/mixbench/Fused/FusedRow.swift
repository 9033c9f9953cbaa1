import MixCollectives
import MixSchedule

/// One row of a fused operation, as a line of the table and as JSON.
struct FusedRow: Sendable {
    let shape: FusedShape
    let measurement: FusedMeasurement

    private struct Column {
        var name: String
        var unit: String
        var width: Int
        var text: String
    }

    private var columns: [Column] {
        let bandwidth = Measurement.algorithmBandwidth(bytes: shape.bytes, seconds: measurement.time)
        var columns = [Column(name: "size", unit: "(B)", width: 12, text: String(shape.bytes))]
        switch shape.content {
        case .rows(let problem):
            columns.append(Column(name: "tokens", unit: "", width: 8, text: String(problem.tokens)))
            columns.append(Column(name: "hidden", unit: "", width: 8, text: String(problem.hidden)))
        case .blocks(let count):
            columns.append(Column(name: "count", unit: "(elements)", width: 12, text: String(count)))
        }
        return columns + [
            Column(name: "type", unit: "", width: 9, text: PeerNames.name(shape.type)),
            Column(name: "time", unit: "(us)", width: 11, text: microseconds(measurement.time)),
            Column(name: "algbw", unit: "(GB/s)", width: 8, text: fixed(bandwidth, 3)),
            Column(name: "busbw", unit: "(GB/s)", width: 8, text: fixed(bandwidth * shape.busFactor, 3)),
            Column(name: "intra", unit: "(us)", width: 11, text: microseconds(measurement.insideNodes)),
            Column(name: "inter", unit: "(us)", width: 11, text: microseconds(measurement.betweenNodes)),
            Column(name: "overlap", unit: "", width: 9, text: fixed(measurement.overlap, 2)),
            Column(name: "wire", unit: "(B/lane)", width: 12, text: fixed(measurement.sent, 1)),
            Column(name: "least", unit: "(B/lane)", width: 12, text: fixed(shape.leastBytes, 1)),
            Column(name: "notes", unit: "(B/lane)", width: 10, text: fixed(measurement.notes, 1)),
            Column(name: "#wrong", unit: "", width: 8, text: String(measurement.wrong)),
        ]
    }

    /// The lines above the rows.
    var heading: String {
        [
            "#" + columns.map { pad($0.name, $0.width) }.joined().dropFirst(),
            "#" + columns.map { pad($0.unit, $0.width) }.joined().dropFirst(),
        ]
        .map { $0 + "\n" }.joined()
    }

    var line: String { columns.map { pad($0.text, $0.width) }.joined() + "\n" }

    /// What the links between nodes did in one call, notes included.
    var counters: String {
        "#   per call:"
            + zip(WireUse.names, measurement.wire.values).map { " \($0) \(fixed($1, 0))" }.joined() + "\n"
    }

    func json(peer: String, algorithm: String?, counters: Bool) -> String {
        let bandwidth = Measurement.algorithmBandwidth(bytes: shape.bytes, seconds: measurement.time)
        var object = JSONObject()
        object.add("peer", peer)
        object.add("op", PeerNames.name(shape.operation))
        object.add("bytes", shape.bytes)
        object.add("ranks", shape.nodes * shape.lanes)
        object.add("nodes", shape.nodes)
        if case .rows(let problem) = shape.content {
            object.add("tokens", problem.tokens)
            object.add("hidden", problem.hidden)
            object.add("experts", problem.experts)
            object.add("k", problem.choices)
            object.add("wire", wire(problem.options))
            object.add("slicing", problem.options.slicing == .hidden ? "hidden" : "tokens")
            object.add("dedup", problem.options.deduplicates ? 1 : 0)
            object.add("pieces", problem.options.pieces)
        }
        object.add("dtype", PeerNames.name(shape.type))
        object.add("algorithm", algorithm ?? "auto")
        object.add("time_us_median", measurement.time * 1e6, digits: 3)
        object.add("time_us_min", measurement.min * 1e6, digits: 3)
        object.add("intra_us", measurement.insideNodes * 1e6, digits: 3)
        object.add("inter_us", measurement.betweenNodes * 1e6, digits: 3)
        object.add("overlap", measurement.overlap, digits: 4)
        object.add("algbw", bandwidth, digits: 4)
        object.add("bus_factor", shape.busFactor, digits: 6)
        object.add("busbw", bandwidth * shape.busFactor, digits: 4)
        object.add("wire_bytes", measurement.sent, digits: 2)
        object.add("wire_bytes_least", shape.leastBytes, digits: 2)
        object.add("note_bytes", measurement.notes, digits: 2)
        object.add("wrong", measurement.wrong)
        object.add("iters", measurement.iterations)
        if counters {
            for (name, value) in zip(WireUse.names, measurement.wire.values) { object.add(name, value, digits: 0) }
        }
        return object.text
    }

    private func wire(_ options: DispatchOptions) -> String {
        switch shape.operation == .fusedCombine ? options.combineFormat : options.dispatchFormat {
        case .input: "input"
        case .bfloat16: "bf16"
        case .float8: "fp8"
        }
    }
}
