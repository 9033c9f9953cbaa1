import Foundation
import MixCollectives
import MixMoE
import MixPlanner

/// Loads layers of one checkpoint, beside what reading its file and copying its bytes cost. Collective.
struct LoadMeasure {
    /// What was measured of one strategy: a sample per round.
    struct Samples {
        /// Seconds of the slowest rank.
        var load: [Double] = []
        var copy: [Double] = []
        /// Of all ranks.
        var bytes = 0
        /// Peak memory over what there was before, as a part of the rank's bytes: the worst rank.
        var peak: [Double] = []
    }

    let folder: String
    let path: String
    let world: Communicator
    let threads: Int
    /// Seconds of `cat`, a sample per round.
    private(set) var cat: [Double] = []
    private(set) var samples: [Samples]
    private let strategies: [Strategy]

    init(folder: String, path: String, strategies: [Strategy], threads: Int, world: Communicator) {
        (self.folder, self.path, self.world, self.threads) = (folder, path, world, threads)
        self.strategies = strategies
        samples = strategies.map { _ in Samples() }
    }

    /// One turn of everything.
    mutating func round() throws {
        try world.barrier()
        if world.rank == 0 { cat.append(try readByCat()) }
        for index in strategies.indices {
            try world.barrier()
            ResidentMemory.forgetPeak()
            let before = ResidentMemory.now
            let begin = Clock.now()
            let layer = try MoELayer(
                checkpoint: Checkpoint(at: folder), layer: 0, strategy: strategies[index], world: world,
                options: MoELayerOptions(threads: threads))
            let seconds = Double(Clock.now() - begin) * 1e-9
            let grown = Double(ResidentMemory.peak - before) / Double(layer.bytesRead)
            let own = layer.bytesRead
            layer.close()
            var bytes = [Int64(own)]
            try world.allReduce(&bytes, .sum)
            samples[index].bytes = Int(bytes[0])
            try world.barrier()
            var worst = [seconds, grown, FreshCopy.measure(bytes: own, threads: threads)]
            try world.allReduce(&worst, .max)
            samples[index].load.append(worst[0])
            samples[index].peak.append(worst[1])
            samples[index].copy.append(worst[2])
        }
    }

    /// Seconds of `cat FILE > /dev/null`.
    private func readByCat() throws -> Double {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/cat")
        process.arguments = [path]
        process.standardOutput = FileHandle(forWritingAtPath: "/dev/null")
        let begin = Clock.now()
        try process.run()
        process.waitUntilExit()
        return Double(Clock.now() - begin) * 1e-9
    }
}
