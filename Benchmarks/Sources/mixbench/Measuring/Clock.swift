#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The monotonic clock, read without a system call.
enum Clock {
    /// Nanoseconds since some moment.
    @inline(__always)
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
