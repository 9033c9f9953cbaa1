internal import MixSchedule

/// Where one way of running an operation becomes faster than another, as measured (Documentation/Performance.md).
enum Thresholds {
    /// Up to so many published bytes an operation is one exchange.
    ///
    /// Beyond it two hand-overs cost less than a copy more. A hand-over between ranks that take turns on a
    /// processor costs some microseconds instead of a fraction of one, so that ranks that outnumber processors copy more.
    @inline(__always)
    static func exchangeBytes(_ operation: Operation, ranks: Int, inPlace: Bool, oversubscribed: Bool) -> Int {
        switch operation {
        case .allReduce: oversubscribed ? (128 << 10) / ranks : Swift.max(2 << 10, (16 << 10) / ranks)
        case .reduceScatter: oversubscribed ? 64 << 10 : 16 << 10
        case .allGather, .gather: oversubscribed ? Swift.max(8 << 10, (256 << 10) / ranks) : 16 << 10
        case .allToAll, .allToAllV: oversubscribed ? 128 << 10 : inPlace ? 4 << 10 : 16 << 10
        default: oversubscribed ? 64 << 10 : 16 << 10
        }
    }

    /// Bytes per exchange in a series of them.
    static let seriesBytes = 256 << 10

    /// Whether results are stored past the caches.
    static func streams(_ operation: Operation, bytes: Int, inPlace: Bool) -> Bool {
        !inPlace && bytes >= 16 << 20
    }
}
