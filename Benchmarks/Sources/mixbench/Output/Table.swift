import MixCollectives
import MixSchedule

/// nccl-tests' table: its columns in its order, and behind them the percentiles of what was measured.
struct Table {
    let sweep: Sweep
    let ranks: Int

    /// The lines above the rows.
    var heading: String {
        let left = ["size", "count", "type", "redop", "root"]
        let units = ["(B)", "(elements)", "", "", ""]
        var lines = ["", "", ""]
        lines[0] = "#" + String(repeating: " ", count: 44)
        for place in Place.allCases {
            lines[0] += pad(place == .outOfPlace ? "out-of-place" : "in-place", Self.halfWidth)
        }
        lines[1] =
            columns(left) + half(["time", "algbw", "busbw", "#wrong"]) + half(["time", "algbw", "busbw", "#wrong"])
        lines[2] = columns(units) + half(["(us)", "(GB/s)", "(GB/s)", ""]) + half(["(us)", "(GB/s)", "(GB/s)", ""])
        for place in sweep.measuredPlaces {
            lines[0] += pad((place == .outOfPlace ? "out-of-place" : "in-place") + " (us)", Self.percentileWidth)
            lines[1] += percentiles(["p50", "p99", "min", "max"])
        }
        for index in 1...2 { lines[index] = "#" + lines[index].dropFirst() }
        return lines.map { Self.trimmed($0) + "\n" }.joined()
    }

    /// One row.
    func line(_ row: Row) -> String {
        let operation = sweep.operation
        var text = columns([
            String(row.shape.bytes), String(row.shape.blockCount), PeerNames.name(sweep.type),
            operation.reduces ? sweep.reduction.name : "none", operation.hasRoot ? String(sweep.root) : "-1",
        ])
        for place in Place.allCases {
            guard let measurement = row.measurements[place] else {
                text += half(["N/A", "N/A", "N/A", "N/A"])
                continue
            }
            let bandwidth = Measurement.algorithmBandwidth(bytes: row.shape.bytes, seconds: measurement.mean)
            text += half([
                microseconds(measurement.mean), fixed(bandwidth, 2),
                fixed(bandwidth * operation.busFactor(ranks: ranks), 2), String(measurement.wrong),
            ])
        }
        for place in sweep.measuredPlaces {
            guard let measurement = row.measurements[place] else { continue }
            text += percentiles(
                [measurement.median, measurement.p99, measurement.min, measurement.max].map(microseconds))
        }
        return text + "\n"
    }

    /// What the links between nodes did per call, a line per place, below the row.
    func counters(_ row: Row, nodes: Int) -> String {
        var text = ""
        for place in sweep.measuredPlaces {
            guard let wire = row.measurements[place]?.wire else { continue }
            let least = WireUse.leastBytes(sweep.operation, bytes: row.shape.bytes, ranks: ranks, nodes: nodes)
            text += "#   \(place == .outOfPlace ? "out-of-place" : "in-place"), per call:"
            for (name, value) in zip(WireUse.names, wire.values) {
                text += " \(name) \(fixed(value, 2))"
                if name == "sent", let least { text += " (least: \(fixed(least, 2)))" }
            }
            text += "\n"
        }
        return text
    }

    private static let halfWidth = 35
    private static let percentileWidth = 38

    private func columns(_ words: [String]) -> String {
        zip(words, [12, 12, 9, 8, 5]).map { pad($0, $1) }.joined()
    }

    private func half(_ words: [String]) -> String {
        zip(words, [11, 8, 8, 8]).map { pad($0, $1) }.joined()
    }

    private func percentiles(_ words: [String]) -> String {
        zip(words, [11, 9, 9, 9]).map { pad($0, $1) }.joined()
    }

    private static func trimmed(_ line: String) -> String {
        var line = line[...]
        while line.last == " " { line.removeLast() }
        return String(line)
    }
}
