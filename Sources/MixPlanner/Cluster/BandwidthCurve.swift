/// What a wire carries per second, by the size of a message: flat, or measured points.
///
/// Between two points the *time* of a message grows linearly, which makes the curve continuous and, with points whose times
/// grow, every larger message take longer. Below the first and above the last point bandwidth stays what it is there.
///
/// - Source: the flat, the bent and the linear part of "MixServe" (arXiv 2601.08800), Fig. 3.
public struct BandwidthCurve: Sendable, Hashable {
    /// A measured bandwidth.
    public struct Point: Sendable, Hashable, Codable {
        /// The size of the message in bytes.
        public var bytes: Int
        /// What was carried, in bytes per second.
        public var bytesPerSecond: Double

        /// Describes a measured bandwidth.
        public init(bytes: Int, bytesPerSecond: Double) {
            self.bytes = bytes
            self.bytesPerSecond = bytesPerSecond
        }

        var seconds: Double { Double(bytes) / bytesPerSecond }
    }

    /// At least one point, by ascending size.
    public let points: [Point]

    /// A curve through points, in any order.
    public init(points: [Point]) {
        self.points = points.sorted { $0.bytes < $1.bytes }
    }

    /// The same bandwidth for messages of every size, in bytes per second.
    public static func flat(_ bytesPerSecond: Double) -> BandwidthCurve {
        BandwidthCurve(points: [Point(bytes: 1, bytesPerSecond: bytesPerSecond)])
    }

    /// The time that so many bytes keep the wire busy, in seconds, without latency.
    public func seconds(_ bytes: Int) -> Double { seconds(Double(bytes)) }

    /// The same for an expected number of bytes.
    func seconds(_ bytes: Double) -> Double {
        guard points.count > 1 else { return bytes / points[0].bytesPerSecond }
        guard let next = points.firstIndex(where: { bytes <= Double($0.bytes) }) else {
            return bytes / points[points.count - 1].bytesPerSecond
        }
        guard next > 0 else { return bytes / points[0].bytesPerSecond }
        let (low, high) = (points[next - 1], points[next])
        let share = (bytes - Double(low.bytes)) / Double(high.bytes - low.bytes)
        return low.seconds + share * (high.seconds - low.seconds)
    }

    /// The bandwidth at so many bytes, in bytes per second.
    public func rate(_ bytes: Int) -> Double {
        bytes > 0 ? Double(bytes) / seconds(bytes) : points[0].bytesPerSecond
    }

    /// Whether every point has a size and a bandwidth above zero, no size is given twice, and no larger message is faster.
    var isValid: Bool {
        !points.isEmpty
            && points.allSatisfy { $0.bytes > 0 && $0.bytesPerSecond > 0 && $0.bytesPerSecond.isFinite }
            && zip(points, points.dropFirst()).allSatisfy { $0.bytes < $1.bytes && $0.seconds <= $1.seconds }
    }
}

extension BandwidthCurve: Codable {
    /// Reads a number of bytes per second, or a list of points.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let flat = try? container.decode(Double.self) {
            self = .flat(flat)
        } else {
            self.init(points: try container.decode([Point].self))
        }
    }

    /// Writes one number if there is one point only, else the list of points.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if points.count == 1 {
            try container.encode(points[0].bytesPerSecond)
        } else {
            try container.encode(points)
        }
    }
}
