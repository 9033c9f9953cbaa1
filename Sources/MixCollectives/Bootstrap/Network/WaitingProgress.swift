internal import CMixSystem
internal import Glibc

/// Tells on the standard error now and then for whom rank 0 waits.
struct WaitingProgress {
    private let worldSize: Int
    private let start = mix_now()
    /// When to say something again.
    private(set) var next: Int64

    init(worldSize: Int, isQuiet: Bool) {
        self.worldSize = worldSize
        next = isQuiet ? .max : start + 5_000_000_000
    }

    mutating func report(_ ranks: [Int]) {
        guard mix_now() >= next else { return }
        next += 10_000_000_000
        let line = Array((Self.line(ranks, of: worldSize, seconds: (mix_now() - start) / 1_000_000_000) + "\n").utf8)
        _ = unsafe line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    static func line(_ ranks: [Int], of worldSize: Int, seconds: Int64) -> String {
        "mixserve: waiting for \(ranks.count == 1 ? "rank" : "ranks") \(text(ranks)) of \(worldSize) for \(seconds) s"
    }

    /// "3, 7, 9, …": not more than fit a line.
    static func text(_ ranks: [Int]) -> String {
        ranks.prefix(16).map(String.init).joined(separator: ", ") + (ranks.count > 16 ? ", …" : "")
    }
}
