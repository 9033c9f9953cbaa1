import Decoder
import Foundation
import MixCollectives
import MixPlanner

/// Asks before anything is loaded whether the ranks of this machine have the memory that they will need.
struct MemoryCheck {
    /// What each rank needs.
    private let needed: [MemoryEstimate]

    /// - Parameter ranks: those of this machine; nil for all.
    init(
        _ spec: ModelSpec, _ strategy: Strategy, ranks: [Int]? = nil, rankCount: Int, _ options: DecoderOptions,
        stepTokens: Int
    ) throws {
        needed = try (ranks ?? Array(0..<rankCount)).map {
            try MemoryEstimate(spec, strategy, rank: $0, rankCount: rankCount, options, stepTokens: stepTokens)
        }
    }

    /// That of the ranks of this machine, on the first of them; nil on the others.
    init?(
        _ spec: ModelSpec, _ strategy: Strategy, on world: Communicator, _ options: DecoderOptions, stepTokens: Int
    ) throws {
        let mates = (0..<world.size).filter { world.host(of: $0) == world.host }
        guard mates.first == world.rank else { return nil }
        try self.init(spec, strategy, ranks: mates, rankCount: world.size, options, stepTokens: stepTokens)
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

    /// Bytes that processes of this machine may still take, by the kernel and by this process's control groups.
    private static func available() -> Int? {
        func number(_ path: String) -> Int? {
            (try? String(contentsOfFile: path, encoding: .utf8))
                .flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }
        func line(_ path: String, _ name: String) -> Int? {
            (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n")
                .first { $0.hasPrefix("\(name) ") || $0.hasPrefix("\(name):") }
                .flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) }
        }
        var least = line("/proc/meminfo", "MemAvailable").map { $0 << 10 }
        // Of version 2: this process's own, and all around it.
        let own = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8))?.split(separator: "\n")
            .first { $0.hasPrefix("0::") }
        var names = own?.dropFirst(3).split(separator: "/").map(String.init) ?? []
        while true {
            let group = (["/sys/fs/cgroup"] + names).joined(separator: "/")
            if let limit = number("\(group)/memory.max"), let used = number("\(group)/memory.current") {
                // Pages of files count as used, and give way to whoever needs memory.
                let files = ["active_file", "inactive_file"].reduce(0) { $0 + (line("\(group)/memory.stat", $1) ?? 0) }
                least = min(least ?? limit, max(0, limit - used + files))
            }
            guard names.popLast() != nil else { return least }
        }
    }
}
