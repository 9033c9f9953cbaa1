/// A latency and a bandwidth curve through measured times of messages, and how well it tells those that it has not seen.
///
/// Every sample becomes a point of the curve. It is judged by what a curve through every second size, the first and the last among
/// them, makes of the sizes between.
public struct LinkFit: Sendable, Hashable {
    /// How long a message of so many bytes took.
    public struct Sample: Sendable, Hashable, Codable {
        /// The size of the message in bytes, at least 1.
        public var bytes: Int
        /// How long it took, in seconds.
        public var seconds: Double

        /// A measured time.
        public init(bytes: Int, seconds: Double) {
            self.bytes = bytes
            self.seconds = seconds
        }
    }

    /// α, in seconds.
    public let latency: Double
    /// What is carried beside α.
    public let bandwidth: BandwidthCurve
    /// The part of the variance of the logarithms of the times between the points that the fit explains; 1 if there are none.
    public let determination: Double

    /// Fits a curve.
    ///
    /// - Parameters:
    ///   - samples: at least one, of different sizes, in any order.
    ///   - latency: α, where it is known; else it is extrapolated from the two smallest sizes to none, at least 0.
    public init(_ samples: [Sample], latency known: Double? = nil) {
        precondition(!samples.isEmpty, "a fit needs a sample")
        let samples = samples.sorted { $0.bytes < $1.bytes }
        let latency = known ?? LinkFit.extrapolated(samples)
        let isBetween = samples.indices.map { !$0.isMultiple(of: 2) && $0 != samples.count - 1 }
        let judged = LinkFit.curve(zip(samples, isBetween).filter { !$1 }.map(\.0), latency)
        let between = zip(samples, isBetween).filter { $1 }.map(\.0)
        let actual = between.map { logarithm($0.seconds) }
        let fitted = between.map { logarithm(latency + judged.seconds($0.bytes)) }
        let mean = actual.reduce(0, +) / Double(max(1, actual.count))
        let variance = actual.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let rest = zip(actual, fitted).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        self.latency = latency
        bandwidth = LinkFit.curve(samples, latency)
        determination = variance > 0 ? 1 - rest / variance : 1
    }

    /// What a larger message takes less than a smaller one is noise, and noise may hide all of a small one's bytes.
    private static func curve(_ samples: [Sample], _ latency: Double) -> BandwidthCurve {
        var least = 1e-12
        return BandwidthCurve(
            points: samples.map { sample in
                least = max(least * (1 + 1e-9), sample.seconds - latency)
                return .init(bytes: sample.bytes, bytesPerSecond: Double(sample.bytes) / least)
            })
    }

    private static func extrapolated(_ samples: [Sample]) -> Double {
        guard samples.count > 1 else { return 0 }
        let (first, second) = (samples[0], samples[1])
        let slope = (second.seconds - first.seconds) / Double(second.bytes - first.bytes)
        return min(max(0, first.seconds - max(0, slope) * Double(first.bytes)), first.seconds)
    }
}
