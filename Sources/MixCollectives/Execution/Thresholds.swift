internal import MixSchedule

/// Where one way of running an operation becomes faster than another, as measured (Documentation/Performance.md).
enum Thresholds {
    /// Up to so many published bytes an operation is one exchange.
    @inline(__always)
    static func exchangeBytes(_ operation: Operation, ranks: Int) -> Int {
        switch operation {
        case .allReduce: 8 << 10
        default: 8 << 10
        }
    }

    /// Bytes per exchange in a series of them.
    static let seriesBytes = 64 << 10

    /// Whether results are stored past the caches.
    static func streams(_ operation: Operation, bytes: Int, inPlace: Bool) -> Bool {
        !inPlace && bytes >= 16 << 20
    }
}
