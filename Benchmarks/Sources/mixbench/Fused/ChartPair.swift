import MixSchedule

/// Two Gantt charts of the same streams side by side, on one scale.
struct ChartPair {
    let left: (title: String, timeline: Timeline)
    let right: (title: String, timeline: Timeline)
    /// Columns of each chart.
    var width = 48

    var text: String {
        let span = max(left.timeline.duration, right.timeline.duration)
        // Streams that only order others have nothing to show.
        let shown = left.timeline.rows.indices.filter { index in
            left.timeline.rows[index].intervals.contains { interval in
                switch interval.step {
                case .signal, .await, .wait: false
                default: interval.end > interval.start
                }
            }
        }
        func lines(_ timeline: Timeline) -> [String] {
            Timeline(rows: shown.map { timeline.rows[$0] }).text(width: width, span: span).split(separator: "\n").map(
                String.init)
        }
        let (one, other) = (lines(left.timeline), lines(right.timeline))
        let margin = (one.last?.count ?? 0) - width
        let titles = String(repeating: " ", count: max(0, margin)) + pad(left.title, width + 3, .left) + right.title
        return ([titles] + zip(one, other).map { pad($0, margin + width + 1, .left) + "  " + $1.dropFirst(margin - 1) })
            .map { $0 + "\n" }.joined()
    }
}
