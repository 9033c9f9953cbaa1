#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
import ArgumentParser
import MixCollectives
import MixSchedule

/// Bus bandwidth over size, as an SVG picture: a line per operation, type and place.
struct Plot {
    /// One line.
    struct Series {
        var name: String
        var isInPlace: Bool
        /// Colour of the operation and type: its two places share it.
        var color: String
        /// Bytes and GB/s, by size.
        var points: [(bytes: Int, bandwidth: Double)]
    }

    let series: [Series]
    let ranks: Int

    private static let palette = [
        "#0b6bcb", "#d9480f", "#2b8a3e", "#862e9c", "#c2255c", "#5f6b00", "#0b7285", "#343a40",
    ]
    private static let (width, height) = (860.0, 500.0)
    private static let (left, right, top, bottom) = (74.0, 24.0, 56.0, 62.0)

    init(rows: [Row], ranks: Int) {
        self.ranks = ranks
        var series: [Series] = []
        var labels: [String] = []
        for row in rows {
            let sweep = row.sweep
            var label = "\(sweep.operation.rawValue) \(sweep.type.name)"
            if sweep.operation.reduces { label += " \(sweep.reduction.name)" }
            for (place, measurement) in row.measurements.sorted(by: { $1.key == .inPlace && $0.key == .outOfPlace }) {
                let factor = sweep.operation.busFactor(ranks: ranks)
                guard factor > 0, row.shape.bytes > 0 else { continue }
                if !labels.contains(label) { labels.append(label) }
                let name = label + (place == .inPlace ? ", in place" : ", out of place")
                let index = series.firstIndex { $0.name == name } ?? series.count
                if index == series.count {
                    let color = Self.palette[labels.firstIndex(of: label)! % Self.palette.count]
                    series.append(Series(name: name, isInPlace: place == .inPlace, color: color, points: []))
                }
                let bandwidth = Measurement.algorithmBandwidth(bytes: row.shape.bytes, seconds: measurement.mean)
                series[index].points.append((row.shape.bytes, bandwidth * factor))
            }
        }
        self.series = series.map { line in
            var line = line
            line.points.sort { $0.bytes < $1.bytes }
            return line
        }
    }

    func write(to path: String) throws { try TextFile.write(text, to: path) }

    /// The picture.
    var text: String {
        let (width, height) = (Self.width, Self.height)
        var svg = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(width)) \(Int(height))" \
            width="\(Int(width))" height="\(Int(height))" font-family="Helvetica, Arial, sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="#ffffff"/>
            <text x="\(Int(Self.left))" y="30" font-size="17" fill="#212529">Bus bandwidth, \(ranks) ranks</text>

            """
        svg += grid() + lines() + legend()
        return svg + "</svg>\n"
    }

    // MARK: Scales

    private var sizes: ClosedRange<Double> {
        let all = series.flatMap { $0.points.map { log2(Double($0.bytes)) } }
        let (low, high) = (all.min() ?? 0, all.max() ?? 1)
        return high > low ? low...high : (low - 1)...(high + 1)
    }

    /// Distance of the horizontal lines: 1, 2 or 5 times a power of ten, so that there are four to ten.
    static func step(forMaximum maximum: Double) -> Double {
        guard maximum > 0 else { return 1 }
        let power = pow(10, floor(log10(maximum / 4)))
        return [5, 2, 1].map { $0 * power }.first { maximum / $0 >= 4 } ?? power
    }

    private var bandwidthStep: Double {
        Self.step(forMaximum: series.flatMap { $0.points.map(\.bandwidth) }.max() ?? 1)
    }

    private var bandwidthLimit: Double {
        let highest = series.flatMap { $0.points.map(\.bandwidth) }.max() ?? 1
        return max(1, (highest / bandwidthStep * 1.02).rounded(.up)) * bandwidthStep
    }

    private func x(_ bytes: Double) -> Double {
        let range = sizes
        let part = (log2(bytes) - range.lowerBound) / (range.upperBound - range.lowerBound)
        return Self.left + part * (Self.width - Self.left - Self.right)
    }

    private func y(_ bandwidth: Double) -> Double {
        Self.height - Self.bottom - bandwidth / bandwidthLimit * (Self.height - Self.top - Self.bottom)
    }

    // MARK: Parts

    private func grid() -> String {
        let floor = Self.height - Self.bottom
        let end = Self.width - Self.right
        var svg = "<g stroke=\"#e3e6ea\" fill=\"#495057\">\n"
        let step = bandwidthStep
        let decimals = step >= 1 ? 0 : Int((-log10(step)).rounded(.up))
        for index in 0...Int((bandwidthLimit / step).rounded()) {
            let height = y(Double(index) * step)
            svg +=
                "<line x1=\"\(fixed(Self.left, 1))\" y1=\"\(fixed(height, 1))\" x2=\"\(fixed(end, 1))\" y2=\"\(fixed(height, 1))\"/>"
            svg +=
                "<text stroke=\"none\" text-anchor=\"end\" x=\"\(fixed(Self.left - 8, 1))\" y=\"\(fixed(height + 4, 1))\">"
            svg += "\(fixed(Double(index) * step, decimals))</text>\n"
        }
        let range = sizes
        let exponents = Array(
            Int(range.lowerBound.rounded(.up))...max(Int(range.lowerBound.rounded(.up)), Int(range.upperBound)))
        let stride = max(1, (exponents.count + 12) / 13)
        for (index, exponent) in exponents.enumerated() {
            let place = x(Double(1 << exponent))
            let isLabelled = index % stride == 0
            svg +=
                "<line x1=\"\(fixed(place, 1))\" y1=\"\(fixed(isLabelled ? Self.top : floor, 1))\" x2=\"\(fixed(place, 1))\" y2=\"\(fixed(floor + 5, 1))\"/>"
            if isLabelled {
                svg +=
                    "<text stroke=\"none\" text-anchor=\"middle\" x=\"\(fixed(place, 1))\" y=\"\(fixed(floor + 20, 1))\">"
                svg += "\(ByteSize(1 << exponent))</text>"
            }
            svg += "\n"
        }
        svg +=
            "</g>\n<g stroke=\"#868e96\"><line x1=\"\(Self.left)\" y1=\"\(Self.top)\" x2=\"\(Self.left)\" y2=\"\(floor)\"/>"
        svg += "<line x1=\"\(Self.left)\" y1=\"\(floor)\" x2=\"\(end)\" y2=\"\(floor)\"/></g>\n"
        let middle = fixed((Self.left + end) / 2, 1)
        svg += "<text fill=\"#212529\" text-anchor=\"middle\" x=\"\(middle)\" y=\"\(fixed(Self.height - 16, 1))\">"
        svg += "size of a rank’s buffer (bytes)</text>\n"
        let centre = fixed((Self.top + floor) / 2, 1)
        svg += "<text fill=\"#212529\" text-anchor=\"middle\" transform=\"translate(20 \(centre)) rotate(-90)\">"
        return svg + "bus bandwidth (GB/s)</text>\n"
    }

    private func lines() -> String {
        var svg = ""
        for line in series {
            let places = line.points.map { "\(fixed(x(Double($0.bytes)), 1)),\(fixed(y($0.bandwidth), 1))" }
            svg += "<g fill=\"\(line.isInPlace ? "#ffffff" : line.color)\" stroke=\"\(line.color)\" stroke-width=\"2\">"
            svg += "<polyline fill=\"none\"\(dashes(line)) points=\"\(places.joined(separator: " "))\"/>"
            for point in line.points {
                svg +=
                    "<circle cx=\"\(fixed(x(Double(point.bytes)), 1))\" cy=\"\(fixed(y(point.bandwidth), 1))\" r=\"3.5\"/>"
            }
            svg += "</g>\n"
        }
        return svg
    }

    private func legend() -> String {
        let longest = series.map(\.name.count).max() ?? 0
        // Nearly opaque, because a line may pass below it.
        var svg = "<rect x=\"\(Self.left + 8)\" y=\"\(Self.top + 5)\" width=\"\(62 + longest * 7)\""
        svg += " height=\"\(series.count * 20 + 6)\" fill=\"#ffffff\" fill-opacity=\"0.85\"/>\n"
        for (index, line) in series.enumerated() {
            let (place, height) = (Self.left + 18, Self.top + 18 + Double(index) * 20)
            svg += "<g fill=\"\(line.isInPlace ? "#ffffff" : line.color)\" stroke=\"\(line.color)\" stroke-width=\"2\">"
            svg += "<line\(dashes(line)) x1=\"\(place)\" y1=\"\(height)\" x2=\"\(place + 32)\" y2=\"\(height)\"/>"
            svg += "<circle cx=\"\(place + 16)\" cy=\"\(height)\" r=\"3.5\"/></g>"
            svg += "<text fill=\"#212529\" x=\"\(place + 42)\" y=\"\(height + 4)\">\(line.name)</text>\n"
        }
        return svg
    }

    private func dashes(_ line: Series) -> String { line.isInPlace ? " stroke-dasharray=\"6 4\"" : "" }
}
