#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Predicted over measured times, both in logarithms: a dot per case, a colour per place.
struct AccuracyPlot {
    private let cases: [AccuracyCase]
    private let places: [String]
    private static let palette = [
        "#0b6bcb", "#d9480f", "#2b8a3e", "#862e9c", "#c2255c", "#5f6b00", "#0b7285", "#343a40",
    ]
    private let side = 520.0
    private let left = 70.0
    private let top = 50.0

    init(_ cases: [AccuracyCase]) {
        self.cases = cases
        var places: [String] = []
        for one in cases where !places.contains(one.place) { places.append(one.place) }
        self.places = places
    }

    func write(to path: String) throws { try TextFile.write(text, to: path) }

    var text: String {
        let exponents = cases.flatMap { [log10($0.measured), log10($0.predicted)] }
        let (low, high) = (floor(exponents.min() ?? -6), ceil(exponents.max() ?? 0))
        func x(_ exponent: Double) -> Double { left + (exponent - low) / (high - low) * side }
        func y(_ exponent: Double) -> Double { top + side - (exponent - low) / (high - low) * side }
        func line(_ from: (Double, Double), _ to: (Double, Double), _ colour: String) -> String {
            "<line x1=\"\(fixed(x(from.0), 1))\" y1=\"\(fixed(y(from.1), 1))\" x2=\"\(fixed(x(to.0), 1))\" "
                + "y2=\"\(fixed(y(to.1), 1))\" stroke=\"\(colour)\"/>\n"
        }
        var svg = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 820 640" width="820" height="640" \
            font-family="Helvetica, Arial, sans-serif" font-size="12" fill="#495057">
            <rect width="100%" height="100%" fill="#ffffff"/>
            <text x="70" y="30" font-size="17" fill="#212529">Predicted and measured, with ±20 %</text>

            """
        for exponent in stride(from: low, through: high, by: 1) {
            svg +=
                line((exponent, low), (exponent, high), "#e3e6ea") + line((low, exponent), (high, exponent), "#e3e6ea")
            let label = Self.label(exponent)
            svg +=
                "<text text-anchor=\"middle\" x=\"\(fixed(x(exponent), 1))\" y=\"\(top + side + 20)\">\(label)</text>\n"
            svg += "<text text-anchor=\"end\" x=\"\(left - 8)\" y=\"\(fixed(y(exponent) + 4, 1))\">\(label)</text>\n"
        }
        let band = log10(1.2)
        svg += line((low, low), (high, high), "#868e96")
        svg +=
            line((low, low + band), (high - band, high), "#ced4da")
            + line((low + band, low), (high, high - band), "#ced4da")
        for one in cases {
            let colour = Self.palette[places.firstIndex(of: one.place)! % Self.palette.count]
            let (across, up) = (x(log10(one.measured)), y(log10(one.predicted)))
            svg +=
                one.kind == .collective
                ? "<circle cx=\"\(fixed(across, 1))\" cy=\"\(fixed(up, 1))\" r=\"3\" fill=\"\(colour)\" fill-opacity=\"0.7\"/>\n"
                : "<rect x=\"\(fixed(across - 3.5, 1))\" y=\"\(fixed(up - 3.5, 1))\" width=\"7\" height=\"7\" fill=\"none\" "
                    + "stroke=\"\(colour)\" stroke-width=\"1.5\"/>\n"
        }
        for (index, place) in places.enumerated() {
            let height = top + 14 + Double(index) * 20
            svg += "<circle cx=\"\(left + side + 22)\" cy=\"\(height)\" r=\"4\" "
            svg += "fill=\"\(Self.palette[index % Self.palette.count])\"/>"
            svg += "<text x=\"\(left + side + 32)\" y=\"\(height + 4)\" fill=\"#212529\">\(place)</text>\n"
        }
        svg += "<text text-anchor=\"middle\" x=\"\(left + side / 2)\" y=\"\(top + side + 44)\">measured</text>\n"
        let centre = top + side / 2
        svg += "<text text-anchor=\"middle\" transform=\"translate(18 \(centre)) rotate(-90)\">predicted</text>\n"
        svg +=
            "<text x=\"\(left + side + 18)\" y=\"\(top + 30 + Double(places.count) * 20)\">dots: collectives, squares: layers</text>\n"
        return svg + "</svg>\n"
    }

    private static func label(_ exponent: Double) -> String {
        switch exponent {
        case ..<(-6): "\(Int(pow(10, exponent + 9))) ns"
        case ..<(-3): "\(Int(pow(10, exponent + 6))) µs"
        case ..<0: "\(Int(pow(10, exponent + 3))) ms"
        default: "\(Int(pow(10, exponent))) s"
        }
    }
}
