import MixCollectives
import MixSchedule

/// One measurement as a line of JSON, with the names that the peers' benchmarks use.
struct JSONRow {
    /// The object, on one line.
    let text: String

    init(
        _ row: Row, _ measurement: Measurement, _ place: Place, peer: String, ranks: Int, nodes: Int = 1,
        policy: Policy
    ) {
        let operation = row.sweep.operation
        let bandwidth = Measurement.algorithmBandwidth(bytes: row.shape.bytes, seconds: measurement.median)
        var object = JSONObject()
        object.add("peer", peer)
        object.add("op", PeerNames.name(operation))
        object.add("bytes", row.shape.bytes)
        object.add("ranks", ranks)
        object.add("time_us_median", measurement.median * 1e6, digits: 3)
        object.add("time_us_min", measurement.min * 1e6, digits: 3)
        object.add("busbw", bandwidth * operation.busFactor(ranks: ranks), digits: 4)
        object.add("time_us_mean", measurement.mean * 1e6, digits: 3)
        object.add("dtype", PeerNames.name(row.sweep.type))
        object.add("inplace", place == .inPlace ? 1 : 0)
        object.add("wrong", measurement.wrong)
        object.add("iters", measurement.iterations)
        object.add("time_us_p99", measurement.p99 * 1e6, digits: 3)
        object.add("time_us_max", measurement.max * 1e6, digits: 3)
        object.add("algbw", bandwidth, digits: 4)
        if operation.reduces { object.add("redop", row.sweep.reduction.name) }
        if operation.hasRoot { object.add("root", row.sweep.root) }
        object.add("memory", policy.memory.rawValue)
        object.add("algorithm", policy.algorithm ?? "auto")
        if policy.counters {
            for (name, value) in zip(WireUse.names, measurement.wire.values) { object.add(name, value, digits: 2) }
            if let least = WireUse.leastBytes(operation, bytes: row.shape.bytes, ranks: ranks, nodes: nodes) {
                object.add("sent_least", least, digits: 2)
            }
        }
        text = object.text
    }
}

/// A JSON object that is written field by field.
struct JSONObject {
    private var fields: [String] = []

    /// The object, on one line.
    var text: String { "{" + fields.joined(separator: ",") + "}" }

    mutating func add(_ name: String, _ value: String) { fields.append("\(Self.quoted(name)):\(Self.quoted(value))") }
    mutating func add(_ name: String, _ value: Int) { fields.append("\(Self.quoted(name)):\(value)") }
    mutating func add(_ name: String, _ value: JSONObject) { fields.append("\(Self.quoted(name)):\(value.text)") }
    mutating func add(_ name: String, _ value: Double, digits: Int) {
        fields.append("\(Self.quoted(name)):\(value.isFinite ? fixed(value, digits) : "null")")
    }

    /// `text` as a JSON string.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let hexadecimal = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
