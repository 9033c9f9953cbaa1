import Decoder
import Foundation
import MixPlanner

/// Asks before anything is loaded whether the ranks of this machine have the memory that they will need.
struct MemoryCheck {
    /// What all ranks need.
    let needed: [MemoryEstimate]

    init(_ spec: ModelSpec, _ strategy: Strategy, ranks: Int, _ options: DecoderOptions, stepTokens: Int) throws {
        needed = try (0..<ranks).map {
            try MemoryEstimate(spec, strategy, rank: $0, rankCount: ranks, options, stepTokens: stepTokens)
        }
    }

    /// - Throws: ``DecoderError/memory(needed:available:details:)``.
    func check() throws {
        guard let available = Self.available() else { return }
        let total = needed.reduce(0) { $0 + $1.total }
        guard total > available else { return }
        throw DecoderError.memory(
            needed: total, available: available,
            details: "weights \(inBytes(sum(\.weights))), keys and values \(inBytes(sum(\.cache))), rows "
                + "\(inBytes(sum(\.rows))); take more machines, a smaller context, or fewer layers")
    }

    private func sum(_ part: (MemoryEstimate) -> Int) -> Double { Double(needed.reduce(0) { $0 + part($1) }) }

    /// Bytes that processes of this machine may still take, by the kernel and by this process's control group.
    private static func available() -> Int? {
        func number(_ path: String) -> Int? {
            (try? String(contentsOfFile: path, encoding: .utf8))
                .flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }
        let free = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8))?.split(separator: "\n")
            .first { $0.hasPrefix("MemAvailable:") }
            .flatMap { Int($0.split(separator: " ")[1]) }.map { $0 << 10 }
        let group = "/sys/fs/cgroup"
        if let limit = number("\(group)/memory.max"), let used = number("\(group)/memory.current") {
            return min(free ?? limit, max(0, limit - used))
        }
        return free
    }
}
