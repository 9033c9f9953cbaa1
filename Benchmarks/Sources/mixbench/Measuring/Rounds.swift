import MixCollectives

/// Measurements that are taken in turns, round after round and each round in another order, of which each keeps the mean of the
/// lower half of its times.
///
/// What disturbs a machine for some seconds falls on a round of all of them then, not on all rounds of one. And where times have
/// two levels, as memory's have among noisy neighbours, a mean tells how often each was met; a quantile would jump.
final class Rounds {
    private struct Probe {
        let measure: () throws -> Double
        let smaller: Int?
        /// What all its measurements may take.
        let budget: Double
        /// One for each round in which it was measured, on the slowest rank.
        var seconds: [Double] = []
        /// What all its measurements took.
        var spent = 0.0
    }

    private let world: Communicator
    private var probes: [Probe] = []
    /// How long a call may take for a larger size to be measured at all.
    private let patience = 0.02

    init(world: Communicator) { self.world = world }

    /// Adds a measurement, and says where its time will be found. All ranks add the same.
    ///
    /// - Parameters:
    ///   - smaller: the same measurement of fewer bytes; if that takes long, this one is left out.
    ///   - budget: seconds that it may take in all rounds together.
    ///   - measure: one call of it, in seconds, by all ranks.
    func add(after smaller: Int? = nil, budget: Double = 1.5, _ measure: @escaping () throws -> Double) -> Int {
        probes.append(Probe(measure: measure, smaller: smaller, budget: budget))
        return probes.count - 1
    }

    /// Takes all of them so many times.
    func run(_ count: Int) throws {
        var random = SeededGenerator(seed: 1)
        for round in 0..<count {
            for index in round == 0 ? Array(probes.indices) : probes.indices.shuffled(using: &random) {
                if probes[index].spent > probes[index].budget { continue }
                if let smaller = probes[index].smaller, self[smaller].map({ $0 > patience }) ?? true { continue }
                try world.barrier()
                let begin = Clock.now()
                // All ranks decide alike which ones to leave out.
                var slowest = [try probes[index].measure(), Double(Clock.now() - begin) * 1e-9]
                try world.allReduce(&slowest, .max)
                probes[index].seconds.append(slowest[0])
                probes[index].spent += slowest[1]
            }
        }
    }

    /// The time of a measurement in seconds; nil if it was left out.
    subscript(index: Int) -> Double? { Rounds.meanOfLowerHalf(probes[index].seconds) }

    /// Nil if there are no times.
    static func meanOfLowerHalf(_ times: [Double]) -> Double? {
        let lower = times.sorted().prefix((times.count + 1) / 2)
        return lower.isEmpty ? nil : lower.reduce(0, +) / Double(lower.count)
    }
}
