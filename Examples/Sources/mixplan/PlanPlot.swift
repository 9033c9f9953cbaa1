import Foundation
import MixPlanner

/// Time to first token over throughput, all plans as dots and the Pareto front as a line, as SVG.
struct PlanPlot {
    private let search: PlanSearch
    private let workload: Workload
    private let title: String
    private let width = 860.0
    private let height = 540.0
    private let margin = 70.0

    init(_ search: PlanSearch, _ workload: Workload, title: String) {
        self.search = search
        self.workload = workload
        self.title = title
    }

    var svg: String {
        let plans = search.plans
        let throughput = Scale(plans.map(\.performance.tokensPerSecond), from: margin, to: width - margin)
        let time = Scale(
            plans.map { $0.performance.ttft * 1e3 }, from: height - margin, to: margin, isLogarithmic: true)
        func x(_ plan: Plan) -> String { decimal(throughput.place(plan.performance.tokensPerSecond)) }
        func y(_ plan: Plan) -> String { decimal(time.place(plan.performance.ttft * 1e3)) }
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" font-family=\"sans-serif\" font-size=\"12\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
            "<text x=\"\(width / 2)\" y=\"28\" text-anchor=\"middle\" font-size=\"16\">\(escaped(title))</text>",
            "<text x=\"\(width / 2)\" y=\"\(height - 18)\" text-anchor=\"middle\">tokens per second</text>",
            "<text transform=\"translate(18 \(height / 2)) rotate(-90)\" text-anchor=\"middle\">time to first token, ms (logarithmic)</text>",
        ]
        for tick in throughput.ticks {
            let place = decimal(throughput.place(tick))
            lines.append(
                "<line x1=\"\(place)\" y1=\"\(margin)\" x2=\"\(place)\" y2=\"\(height - margin)\" stroke=\"#ddd\"/>")
            lines.append(
                "<text x=\"\(place)\" y=\"\(height - margin + 18)\" text-anchor=\"middle\">\(label(tick))</text>")
        }
        for tick in time.ticks {
            let place = decimal(time.place(tick))
            lines.append(
                "<line x1=\"\(margin)\" y1=\"\(place)\" x2=\"\(width - margin)\" y2=\"\(place)\" stroke=\"#ddd\"/>")
            lines.append("<text x=\"\(margin - 6)\" y=\"\(place)\" dy=\"4\" text-anchor=\"end\">\(label(tick))</text>")
        }
        if let limit = workload.ttftLimit.map({ $0 * 1e3 }), time.contains(limit) {
            let place = decimal(time.place(limit))
            lines.append(
                "<line x1=\"\(margin)\" y1=\"\(place)\" x2=\"\(width - margin)\" y2=\"\(place)\" stroke=\"#c33\" stroke-dasharray=\"6 4\"/>"
            )
        }
        let front = search.paretoFront
        lines.append(
            "<polyline fill=\"none\" stroke=\"#06c\" stroke-width=\"1.5\" points=\""
                + front.map { "\(x($0)),\(y($0))" }.joined(separator: " ") + "\"/>")
        for plan in plans {
            let color = plan.meets(workload) ? "#06c" : "#999"
            lines.append(
                "<circle cx=\"\(x(plan))\" cy=\"\(y(plan))\" r=\"4\" fill=\"\(color)\" fill-opacity=\"0.6\"><title>"
                    + escaped(plan.name) + "</title></circle>")
        }
        for (index, plan) in front.prefix(12).enumerated() {
            lines.append("<text x=\"\(x(plan))\" y=\"\(y(plan))\" dy=\"18\" text-anchor=\"middle\">\(index + 1)</text>")
            lines.append(
                "<text x=\"\(width - margin)\" y=\"\(decimal(margin + Double(index) * 15))\" text-anchor=\"end\" font-size=\"11\">"
                    + escaped("\(index + 1)  \(plan.name)") + "</text>")
        }
        return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    /// An axis from a bit below the least value to a bit above the greatest.
    private struct Scale {
        let low, high, begin, end: Double
        let isLogarithmic: Bool

        init(_ values: [Double], from begin: Double, to end: Double, isLogarithmic: Bool = false) {
            let (least, most) = (values.min() ?? 0, values.max() ?? 1)
            if isLogarithmic {
                (low, high) = (least * 0.7, most * 1.4)
            } else {
                let room = max((most - least) * 0.08, most * 0.02, 1e-9)
                (low, high) = (max(0, least - room), most + room)
            }
            self.begin = begin
            self.end = end
            self.isLogarithmic = isLogarithmic
        }

        func place(_ value: Double) -> Double {
            let part = isLogarithmic ? log(value / low) / log(high / low) : (value - low) / (high - low)
            return begin + part * (end - begin)
        }

        func contains(_ value: Double) -> Bool { low <= value && value <= high }

        /// Round numbers: 1, 2 and 5 of every decade, or four to ten at equal distances.
        var ticks: [Double] {
            if isLogarithmic {
                return (Int(floor(log10(low)))...Int(ceil(log10(high)))).flatMap { decade in
                    [1.0, 2, 5].map { $0 * pow(10, Double(decade)) }
                }.filter(contains)
            }
            let rough = (high - low) / 6
            let power = pow(10, floor(log10(rough)))
            let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough } ?? rough
            return Array(stride(from: (low / step).rounded(.up) * step, through: high, by: step))
        }
    }

    private func decimal(_ value: Double) -> String { String(format: "%.1f", value) }
    private func label(_ value: Double) -> String { String(format: value < 10 ? "%.1f" : "%.0f", value) }

    private func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
    }
}
