import MixSchedule
import Testing

/// Every algorithm does what its operation says, for many rank counts, roots, pieces, layouts and topologies.
@Suite struct AlgorithmTests {
    @Test(arguments: Case.all)
    func everyRankCount(_ algorithm: Case) throws {
        // On one node a fused collective is all lanes reading all lanes; FusedTests has the grids.
        let counts =
            algorithm.algorithm.needsEqualNodes ? [1, 2, 3, 8] : Array(1...20) + [23, 31, 32, 33, 37, 48, 61, 64]
        for rankCount in counts {
            try verify(algorithm, .flat(rankCount), root: rankCount / 2, pieces: 1)
        }
    }

    @Test(arguments: Case.all)
    func everyRootAndPieceCount(_ algorithm: Case) throws {
        for rankCount in [2, 3, 5, 8, 9] {
            for pieces in 1...4 {
                for root in 0..<rankCount where algorithm.algorithm.operation.hasRoot || root == 0 {
                    try verify(algorithm, .flat(rankCount), root: root, pieces: pieces)
                }
            }
        }
    }

    @Test(arguments: Case.all.filter { $0.algorithm.usesTopology })
    func randomTopologies(_ algorithm: Case) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<30 {
            let rankCount = Int.random(in: 1...24, using: &generator)
            let uneven = Topology.random(rankCount: rankCount, using: &generator)
            let even = Topology.shuffled(
                nodeCount: Int.random(in: 1...5, using: &generator),
                ranksPerNode: Int.random(in: 1...5, using: &generator), using: &generator)
            for topology in algorithm.algorithm.needsEqualNodes ? [even] : [uneven, even] {
                do {
                    try verify(
                        algorithm, topology, root: 0,
                        pieces: Int.random(in: 1...4, using: &generator))
                } catch {
                    Issue.record("seed \(seed): \(error) with nodes \(topology.nodes)")
                }
            }
        }
    }

    /// Blocks of different sizes, some of them empty, with pieces that do not divide them.
    @Test(arguments: Case.all)
    func unevenCounts(_ algorithm: Case) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<12 {
            let rankCount = Int.random(in: 1...9, using: &generator)
            let schedules = algorithm.algorithm.buildAll(
                topology: .flat(rankCount), pieces: Int.random(in: 1...4, using: &generator))
            let layouts = unevenLayouts(
                for: schedules, algorithm.algorithm.operation, using: &generator)
            do {
                for inPlace in [false, true]
                where !inPlace || algorithm.algorithm.operation.allowsInPlace {
                    try algorithm.verifier(topology: .flat(rankCount), inPlace: inPlace)
                        .verify(schedules, layouts: layouts)
                }
            } catch {
                Issue.record("seed \(seed), \(rankCount) ranks: \(error)")
            }
        }
    }

    /// Whole buffers cut into equal blocks: fewer elements than blocks, aligned and not.
    @Test(arguments: Case.all.filter { $0.algorithm.operation == .allReduce })
    func anyCount(_ algorithm: Case) throws {
        for rankCount in [2, 3, 5, 8] {
            let schedules = algorithm.algorithm.buildAll(topology: .flat(rankCount), pieces: 3)
            for count in [0, 1, 2, 7, 50] {
                for alignment in [1, 4] {
                    let layouts = schedules.map { schedule in
                        Layouts(
                            input: .equal(
                                count: count, blocks: schedule.inputBlocks, alignment: alignment),
                            output: .equal(
                                count: count, blocks: schedule.outputBlocks, alignment: alignment))
                    }
                    try algorithm.verifier(topology: .flat(rankCount))
                        .verify(schedules, layouts: layouts)
                }
            }
        }
    }

    private func verify(
        _ algorithm: Case, _ topology: Topology, root: Int, pieces: Int
    ) throws {
        let schedules = algorithm.algorithm.buildAll(topology: topology, root: root, pieces: pieces)
        try algorithm.verifier(topology: topology, root: root).verify(schedules)
        if algorithm.algorithm.operation.allowsInPlace {
            try algorithm.verifier(topology: topology, root: root, inPlace: true).verify(schedules)
        }
    }

    private func unevenLayouts(
        for schedules: [Schedule], _ operation: MixSchedule.Operation,
        using generator: inout SeededGenerator
    ) -> [Layouts] {
        let ranks = schedules.indices
        // counts[q][r]: what rank q has for rank r.
        let counts = ranks.map { _ in
            ranks.map { _ in [0, 0, 1, 2, 3, 7].randomElement(using: &generator)! }
        }
        let blocks = (
            schedules.map(\.inputBlocks).max() ?? 0, schedules.map(\.outputBlocks).max() ?? 0
        )
        let shared = (0..<max(blocks.0, blocks.1)).map { _ in
            [0, 1, 2, 5].randomElement(using: &generator)!
        }
        let first = counts[0]
        let rankCount = schedules.count
        return ranks.map { rank in
            switch operation {
            case .allReduce, .reduce, .broadcast, .barrier, .sendReceive:
                Layouts(
                    input: .counts(Array(shared.prefix(blocks.0))),
                    output: .counts(Array(shared.prefix(blocks.1))))
            case .reduceScatter, .scatter:
                Layouts(input: .counts(first), output: .counts([first[rank]]))
            case .allGather, .gather:
                Layouts(input: .counts([first[rank]]), output: .counts(first))
            case .allToAll, .allToAllV:
                Layouts(
                    input: .counts(counts[rank]), output: .counts(ranks.map { counts[$0][rank] }))
            case .fusedAllReduceAllToAll, .fusedDispatch, .fusedCombine:
                // One node: its lanes' parts.
                Layouts(
                    input: .counts(first), output: .counts(first),
                    scratch: .counts(
                        Array(repeating: first, count: schedules[rank].scratchBlocks / rankCount).flatMap { $0 }))
            }
        }
    }
}
