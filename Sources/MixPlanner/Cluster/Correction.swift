/// What an operation was measured to take over what it is priced at, by size: all that a model leaves out.
///
/// Between two sizes the logarithm of the factor goes linearly with that of the size; beyond the first and the last it stays.
public struct Correction: Sendable, Hashable, Codable {
    /// A measured factor.
    public struct Point: Sendable, Hashable, Codable {
        /// Bytes of a rank's whole buffer.
        public var bytes: Int
        /// Measured over priced, above 0.
        public var factor: Double

        /// Describes a measured factor.
        public init(bytes: Int, factor: Double) {
            self.bytes = bytes
            self.factor = factor
        }
    }

    /// The operation's name, as ``/MixSchedule/Operation`` has it.
    public var operation: String
    /// Which of the library's ways it goes: `exchange`, `messages` or `schedule`.
    public var way: String
    /// By ascending size.
    public var points: [Point]

    /// Describes how far one way's price is off.
    public init(operation: String, way: String, points: [Point]) {
        self.operation = operation
        self.way = way
        self.points = points.sorted { $0.bytes < $1.bytes }
    }

    /// The factor at so many bytes; 1 if nothing was measured.
    public func factor(_ bytes: Int) -> Double {
        guard let first = points.first, let last = points.last else { return 1 }
        guard bytes > first.bytes else { return first.factor }
        guard let next = points.firstIndex(where: { bytes <= $0.bytes }) else { return last.factor }
        let (low, high) = (points[next - 1], points[next])
        func position(_ bytes: Int) -> Double { logarithm(Double(max(1, bytes))) }
        let share = (position(bytes) - position(low.bytes)) / (position(high.bytes) - position(low.bytes))
        return low.factor * power(high.factor / low.factor, share)
    }

    var isValid: Bool {
        points.allSatisfy { $0.bytes >= 0 && $0.factor > 0 && $0.factor.isFinite }
            && zip(points, points.dropFirst()).allSatisfy { max(1, $0.bytes) < $1.bytes }
    }
}
