import MixCollectives
import MixMoE
import MixPlanner

/// How fast this job's ranks compute experts, all at the same time, by how many rows each expert has.
struct KernelRates {
    private struct Probe {
        let format: NumberFormat
        let rows: Int
        let index: Int
    }

    /// Of the experts: those of a middling model, and so many that no cache holds their weights.
    private static let hidden = 2048
    private static let width = 768
    private static let experts = 8
    private static let seconds = 0.03
    /// So narrow that moving rows takes most of the time, and so many rows that reading weights takes none.
    private static let narrow = 128
    private static let manyRows = 64
    private var probes: [Probe] = []
    private let narrowIndex: Int

    /// Adds its measurements to `rounds`.
    init(world: Communicator, rounds: Rounds) {
        func add<Element: ExpertElement>(
            _ type: StoredType, width: Int, _ rows: Int, _ make: @escaping (Float) -> Element
        ) -> Int {
            rounds.add {
                // Anew each time: one piece of memory may be slower than another.
                var exercise = ExpertExercise<Element>(
                    bank: Self.bank(type, width: width, world),
                    routes: ExpertRoutes(rowsPerExpert: rows, experts: Self.experts), shared: nil, make: make)
                // As many calls on all ranks, until the last one is through: ranks that share a processor run in turns.
                var one = [exercise.time(calls: 1)]
                try world.allReduce(&one, .max)
                let calls = max(3, min(1000, Int(Self.seconds / one[0])))
                return exercise.time(calls: calls) / Double(calls)
            }
        }
        narrowIndex = add(.bfloat16, width: Self.narrow, Self.manyRows, BFloat16.init)
        probes = [1, 2, 4, 8, 16, 32, 64, 128].map {
            Probe(format: .bfloat16, rows: $0, index: add(.bfloat16, width: Self.width, $0, BFloat16.init))
        }
        probes += [1, 8, 64].map {
            Probe(format: .float32, rows: $0, index: add(.float32, width: Self.width, $0) { $0 })
        }
    }

    /// Rates of the products alone, by format and ascending rows.
    func kernels(_ rounds: Rounds) -> [Calibration.Kernel] {
        let element = rowElement(rounds)
        return probes.map { probe in
            let rows = Double(probe.rows * Self.experts)
            let operations = 2 * rows * Double(3 * Self.hidden * Self.width)
            let seconds = rounds[probe.index] ?? .infinity
            return Calibration.Kernel(
                format: probe.format, rowsPerExpert: probe.rows,
                operationsPerSecond: operations / max(seconds / 2, seconds - rows * Double(Self.hidden) * element))
        }
    }

    /// What a row costs beside its products, in seconds per element: where the times of two widths meet if there is none.
    func rowElement(_ rounds: Rounds) -> Double {
        // Of many rows, those that were multiplied fastest.
        let rows = probes.filter { $0.format == .bfloat16 && $0.rows >= Self.manyRows / 2 }
            .compactMap { probe in rounds[probe.index].map { $0 / Double(probe.rows * Self.experts) } }
        guard let long = rows.min(), let short = rounds[narrowIndex].map({ $0 / Double(Self.manyRows * Self.experts) })
        else { return 0 }
        let (width, narrow) = (Double(Self.width), Double(Self.narrow))
        return max(0, (short * width - long * narrow) / (width - narrow)) / Double(Self.hidden)
    }

    private static func bank(_ type: StoredType, width: Int, _ world: Communicator) -> ExpertBank {
        let threads = max(1, Machine.processorCount / world.size)
        let bank = ExpertBank(
            hidden: hidden, activation: .silu, widths: Array(repeating: width, count: experts), threads: threads)
        for slot in 0..<experts { bank.fill(slot: slot, with: type, seed: UInt64(slot)) }
        return bank
    }
}

extension ExpertRoutes {
    /// One input, in which every expert has as many tokens, each of which chooses one expert.
    fileprivate init(rowsPerExpert rows: Int, experts: Int) {
        inputs = [(0..<rows * experts).map { [$0 % experts] }]
    }
}
