internal import MixSchedule
internal import Glibc
let envExchange = getenv("MIX_EXCHANGE").map { Int(atoi($0)) } ?? 8192
let envStream = getenv("MIX_STREAM").map { Int(atoi($0)) } ?? (16 << 20)
let envSeries = getenv("MIX_SERIES").map { Int(atoi($0)) } ?? (64 << 10)

/// Where one way of running an operation becomes faster than another, as measured (Documentation/Performance.md).
enum Thresholds {
    /// Up to so many published bytes an operation is one exchange.
    @inline(__always)
    static func exchangeBytes(_ operation: Operation, ranks: Int) -> Int {
        envExchange
    }

    /// Bytes per exchange in a series of them.
    static var seriesBytes: Int { envSeries }

    /// Whether results are stored past the caches.
    static func streams(_ operation: Operation, bytes: Int, inPlace: Bool) -> Bool {
        !inPlace && bytes >= envStream
    }
}
