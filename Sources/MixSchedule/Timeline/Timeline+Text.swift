extension Timeline {
    /// A Gantt chart for a terminal: a line per stream, time from left to right.
    ///
    /// Each column shows what its stream did for the largest part of it: `>` send, `<` receive, `+` receive and reduce,
    /// `=` copy, `#` reduce, `·` wait, and nothing after its end. For example, a ring all-reduce on two ranks:
    ///
    ///     rank 0 send    │>>>>>>>>>>··>>>>>>>>>>│
    ///     rank 0 receive │++++++++++++<<<<<<<<<<│
    ///
    /// - Parameters:
    ///   - width: the number of columns for time, at least 1.
    ///   - ranks: which ranks to show; nil for all.
    ///   - span: how many seconds the columns are for, so that charts can be compared; nil for ``duration``.
    public func text(width: Int = 72, ranks: Range<Int>? = nil, span: Double? = nil) -> String {
        precondition(width >= 1, "a chart has at least one column")
        let shown = rows.filter { ranks?.contains($0.rank) ?? true }
        let labels = shown.map { "rank \($0.rank) \($0.stream)" }
        let margin = labels.map(\.count).max() ?? 0
        let span = span ?? duration
        let column = span / Double(width)
        var lines = zip(labels, shown).map { label, row in
            let space = String(repeating: " ", count: margin - label.count)
            return label + space + " │" + Timeline.bar(row, width: width, column: column) + "│"
        }
        let end = Timeline.format(seconds: span)
        lines.append(
            String(repeating: " ", count: margin + 2) + "0"
                + String(repeating: " ", count: max(1, width - 1 - end.count)) + end)
        return lines.joined(separator: "\n")
    }

    private static func bar(_ row: Row, width: Int, column: Double) -> String {
        guard column > 0 else { return String(repeating: " ", count: width) }
        let end = row.intervals.last?.end ?? 0
        var text = ""
        var first = 0
        for index in 0..<width {
            let start = Double(index) * column
            let stop = start + column
            // What is not work is waiting, as long as there is something to wait for.
            var busy = 0.0
            var shares: [Character: Double] = [:]
            while first < row.intervals.count && row.intervals[first].end <= start { first += 1 }
            for interval in row.intervals[first...] {
                if interval.ready >= stop { break }
                let share = min(stop, interval.end) - max(start, interval.start)
                guard share > 0, let symbol = symbol(of: interval.step) else { continue }
                shares[symbol, default: 0] += share
                busy += share
            }
            shares["·"] = max(0, min(stop, end) - start - busy)
            shares[" "] = max(0, stop - max(start, end))
            // Symbols of equal shares come in a fixed order, so that a chart is always the same.
            text.append(shares.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? " ")
        }
        return text
    }

    private static func symbol(of step: Step) -> Character? {
        switch step {
        case .send: ">"
        case .receive: "<"
        case .receiveReduce: "+"
        case .copy: "="
        case .reduce: "#"
        case .signal, .await, .wait: nil
        }
    }

    /// A time with three digits or so, and without help from elsewhere.
    private static func format(seconds: Double) -> String {
        let units: [(String, Double)] = [("s", 1), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)]
        let (name, unit) = units.first { seconds >= $0.1 } ?? units[3]
        let hundredths = Int((seconds / unit * 100).rounded())
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction / 10)\(fraction % 10) \(name)"
    }
}
