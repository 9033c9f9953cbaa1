import MixCollectives

/// What was measured of layers at one number of tokens.
struct MoERow {
    let tokens: Int
    /// Distinct experts chosen, on average.
    let experts: Double
    let calls: Int
    /// Median seconds of router, dispatch, experts and combine: the slowest rank of each.
    let stages: [Double]
    /// Median seconds of a call: the slowest rank.
    let total: Double
    /// Weights that a call reads, on all ranks together.
    let bytes: Double
    let layers: Int
    let hidden: Int

    private static let widths = [8, 9, 11, 11, 11, 11, 11, 12, 9]

    static var heading: String {
        let rows = [
            ["tokens", "experts", "router", "dispatch", "experts", "combine", "total", "tokens/s", "weights"],
            ["", "chosen", "(us)", "(us)", "(us)", "(us)", "(us)", "", "(GB/s)"],
        ]
        return rows.map { "#" + columns($0).dropFirst() + "\n" }.joined()
    }

    var line: String {
        Self.columns(
            ["\(tokens)", fixed(experts, 1)] + stages.map(microseconds)
                + [microseconds(total), fixed(Double(tokens) / total, 1), fixed(bytes / total * 1e-9, 2)]) + "\n"
    }

    func json(preset: String, strategy: String, isFused: Bool, type: DataType) -> String {
        let names = ["router", "dispatch", "experts", "combine"]
        return "{\"op\":\"moe\",\"preset\":\"\(preset)\",\"strategy\":\"\(strategy)\",\"fused\":\(isFused ? 1 : 0),"
            + "\"dtype\":\"\(type.name)\",\"tokens\":\(tokens),\"layers\":\(layers),\"calls\":\(calls),"
            + "\"experts\":\(fixed(experts, 2)),"
            + zip(names, stages).map { "\"\($0)_us\":\(fixed($1 * 1e6, 2))," }.joined()
            + "\"time_us_median\":\(fixed(total * 1e6, 2)),\"tokens_per_s\":\(fixed(Double(tokens) / total, 2)),"
            + "\"weight_bytes_touched\":\(fixed(bytes, 0)),\"GBps\":\(fixed(bytes / total * 1e-9, 3))}"
    }

    private static func columns(_ words: [String]) -> String { zip(words, widths).map { pad($0, $1) }.joined() }
}
