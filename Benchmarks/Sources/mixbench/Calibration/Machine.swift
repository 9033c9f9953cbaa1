import Foundation
import MixCollectives

/// What this rank's machine has, and how many ranks share it: nodes may be parts of one machine.
struct Machine {
    /// Ranks on this machine.
    let ranks: Int

    /// Asks all ranks on which machine they are.
    init(_ world: Communicator) throws {
        // Linux draws it anew at each start; elsewhere every host is a machine.
        let name = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? world.host
        let mine = fixedText(name, bytes: 64)
        var all = [UInt8](repeating: 0, count: mine.count * world.size)
        try world.allGather(mine, into: &all)
        ranks = (0..<world.size).count { Array(all[$0 * mine.count..<($0 + 1) * mine.count]) == mine }
    }

    /// All processors, whichever this rank is bound to.
    static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// How many of them are a node's share.
    func processorsPerNode(_ ranksPerNode: Int) -> Int { max(1, Self.processorCount * ranksPerNode / ranks) }

    /// A rank's share of the memory, in bytes.
    var memoryPerRank: Double { Double(ProcessInfo.processInfo.physicalMemory) / Double(ranks) }
}
