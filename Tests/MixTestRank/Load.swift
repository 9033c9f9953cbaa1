import Foundation
import MixCollectives
import MixMoE
import MixPlanner
import Synchronization

/// `load SMALL FOLDER STRATEGY RANKS THREADS`: loads layer 0 of both checkpoints by ranks that are threads, and prints how many
/// bytes of the second were read, and by how many its peak memory was above what there was before.
func load(_ arguments: [String]) throws -> Int32 {
    guard arguments.count == 5, let ranks = Int(arguments[3]), let threads = Int(arguments[4]) else {
        complain("usage: MixTestRank load SMALL FOLDER STRATEGY RANKS THREADS")
        return 64
    }
    // The first brings the program itself into memory.
    _ = try bytesRead(arguments[0], arguments[2], ranks, threads)
    try Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs"))
    let before = try memory("VmRSS:")
    let bytes = try bytesRead(arguments[1], arguments[2], ranks, threads)
    print("read \(bytes) peak \(try memory("VmHWM:") - before)")
    return 0
}

/// Of all ranks together.
private func bytesRead(_ folder: String, _ strategy: String, _ ranks: Int, _ threads: Int) throws -> Int {
    let worlds = try Communicator.inProcess(ranks: ranks)
    let strategy = try Strategy(strategy)
    let total = Atomic<Int>(0)
    let failure = Mutex<(any Error)?>(nil)
    DispatchQueue.concurrentPerform(iterations: ranks) { rank in
        do {
            let layer = try MoELayer(
                checkpoint: Checkpoint(at: folder), layer: 0, strategy: strategy, world: worlds[rank],
                options: MoELayerOptions(threads: threads))
            total.add(layer.bytesRead, ordering: .relaxed)
            try worlds[rank].barrier()
            layer.close()
        } catch {
            failure.withLock { $0 = error }
        }
        worlds[rank].close()
    }
    if let failure = failure.withLock({ $0 }) { throw failure }
    return total.load(ordering: .relaxed)
}

private func memory(_ name: String) throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix(name) }!
    return Int(line.split(whereSeparator: { !$0.isNumber })[0])! * 1024
}
