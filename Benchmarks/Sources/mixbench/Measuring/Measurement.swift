/// What one row says of one place: seconds per call, each the maximum over ranks.
struct Measurement: Sendable {
    /// Of a rank's whole loop, divided by its calls.
    var mean: Double
    // Of a rank's single calls.
    var median: Double
    var p99: Double
    var min: Double
    var max: Double
    /// Wrong elements, summed over ranks.
    var wrong: Int
    var iterations: Int
    var wire = WireUse()

    /// Bytes of a rank's buffer per second, in GB/s.
    static func algorithmBandwidth(bytes: Int, seconds: Double) -> Double {
        seconds > 0 ? Double(bytes) / seconds * 1e-9 : 0
    }

    /// The sample that `fraction` of the ascending samples lie below.
    static func percentile(_ fraction: Double, of sorted: UnsafeMutableBufferPointer<Int64>) -> Int64 {
        sorted[Swift.min(sorted.count - 1, Int(Double(sorted.count) * fraction))]
    }
}
