import MixCollectives
import MixMoE
import MixPlanner

/// How fast this job's ranks compute experts, all at the same time, by how many rows each expert has.
struct KernelRates {
    let world: Communicator
    /// Of the experts: those of a middling model, and so many that no cache holds their weights.
    private let hidden = 2048
    private let width = 768
    private let experts = 8
    private let seconds = 0.1

    init(world: Communicator) { self.world = world }

    /// Rates by format and ascending rows.
    func measure() throws -> [Calibration.Kernel] {
        var kernels: [Calibration.Kernel] = []
        let half = bank(.bfloat16)
        for rows in [1, 2, 4, 8, 16, 32, 64, 128] {
            var exercise = ExpertExercise<BFloat16>(bank: half, routes: routes(rows), shared: nil, make: BFloat16.init)
            kernels.append(try kernel(.bfloat16, rows) { exercise.measure(seconds: seconds) })
        }
        let single = bank(.float32)
        for rows in [1, 8, 64] {
            var exercise = ExpertExercise<Float>(bank: single, routes: routes(rows), shared: nil) { $0 }
            kernels.append(try kernel(.float32, rows) { exercise.measure(seconds: seconds) })
        }
        return kernels
    }

    private func bank(_ type: StoredType) -> ExpertBank {
        let threads = max(1, Machine.processorCount / world.size)
        let bank = ExpertBank(
            hidden: hidden, activation: .silu, widths: Array(repeating: width, count: experts), threads: threads)
        for slot in 0..<experts { bank.fill(slot: slot, with: type, seed: UInt64(slot)) }
        return bank
    }

    private func routes(_ rows: Int) -> ExpertRoutes { ExpertRoutes(rowsPerExpert: rows, experts: experts) }

    private func kernel(_ format: NumberFormat, _ rows: Int, _ measure: () -> [Double]) throws -> Calibration.Kernel {
        try world.barrier()
        let times = measure().sorted()
        var slowest = [times[times.count / 2]]
        try world.allReduce(&slowest, .max)
        let operations = 2 * Double(rows * experts) * Double(3 * hidden * width)
        return Calibration.Kernel(format: format, rowsPerExpert: rows, operationsPerSecond: operations / slowest[0])
    }
}

extension ExpertRoutes {
    /// One input, in which every expert has as many tokens, each of which chooses one expert.
    fileprivate init(rowsPerExpert rows: Int, experts: Int) {
        inputs = [(0..<rows * experts).map { [$0 % experts] }]
    }
}
