/// A cluster as it was measured, and how well the measurements agree with what became of them.
///
/// In JSON it is the ``ClusterSpec``, with one more key, `calibration`: whoever wants only a cluster reads it as one.
public struct Calibration: Sendable, Hashable {
    /// How fast experts of one format compute.
    public struct Kernel: Sendable, Hashable, Codable {
        /// The format of weights and rows.
        public var format: NumberFormat
        /// Rows of each expert.
        public var rowsPerExpert: Int
        /// Floating-point operations per second of one rank, while all are at it.
        public var operationsPerSecond: Double

        /// Describes a measurement.
        public init(format: NumberFormat, rowsPerExpert: Int, operationsPerSecond: Double) {
            self.format = format
            self.rowsPerExpert = rowsPerExpert
            self.operationsPerSecond = operationsPerSecond
        }
    }

    /// How well a curve through every second time tells those between.
    public struct Fit: Sendable, Hashable, Codable {
        /// What was measured, such as the name of a ``LinkClass``.
        public var name: String
        /// ``LinkFit/determination``: r².
        public var determination: Double
        /// What was measured.
        public var samples: [LinkFit.Sample]

        /// Describes a fit.
        public init(name: String, determination: Double, samples: [LinkFit.Sample]) {
            self.name = name
            self.determination = determination
            self.samples = samples
        }
    }

    /// What planners and pricers read.
    public var cluster: ClusterSpec
    /// How well its curves fit.
    public var fits: [Fit]
    /// The kernels, by format and ascending rows.
    public var kernels: [Kernel]

    /// Describes a measured cluster.
    public init(cluster: ClusterSpec, fits: [Fit], kernels: [Kernel]) {
        self.cluster = cluster
        self.fits = fits
        self.kernels = kernels
    }

    /// The cluster whose compute rate is the one at so many rows per expert; between two measurements the *time* grows
    /// linearly with the rows.
    public func cluster(rowsPerExpert rows: Double) -> ClusterSpec {
        var result = cluster
        for format in Set(kernels.map(\.format)) {
            let points = kernels.filter { $0.format == format }.map {
                BandwidthCurve.Point(bytes: $0.rowsPerExpert, bytesPerSecond: $0.operationsPerSecond)
            }
            let curve = BandwidthCurve(points: points)
            // Less than a row per expert reads all of the expert's weights.
            let rows = max(rows, Double(curve.points[0].bytes))
            result.compute[format] = rows / curve.seconds(rows)
        }
        return result
    }
}

extension Calibration: Codable {
    private enum Keys: String, CodingKey { case calibration }
    private struct Details: Codable {
        var fits: [Fit]
        var kernels: [Kernel]
    }

    /// Reads a cluster with its key `calibration`.
    public init(from decoder: any Decoder) throws {
        let details = try decoder.container(keyedBy: Keys.self).decode(Details.self, forKey: .calibration)
        self.init(cluster: try ClusterSpec(from: decoder), fits: details.fits, kernels: details.kernels)
    }

    /// Writes the cluster, and beside its keys `calibration`.
    public func encode(to encoder: any Encoder) throws {
        try cluster.encode(to: encoder)
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(Details(fits: fits, kernels: kernels), forKey: .calibration)
    }
}
