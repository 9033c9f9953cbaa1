import MixSchedule
import Testing

/// The fused collectives on grids of every kind, with counts of every kind.
@Suite struct FusedTests {
    static let operations: [MixSchedule.Operation] = [.fusedAllReduceAllToAll, .fusedDispatch, .fusedCombine]
    static let cases = operations.flatMap { Algorithm.all(for: $0) }.map(Case.init)

    @Test(arguments: cases)
    func everyGrid(_ algorithm: Case) throws {
        for nodeCount in 1...4 {
            for laneCount in 1...4 {
                let topology = Topology(nodeCount: nodeCount, ranksPerNode: laneCount)
                for pieces in [1, 3] {
                    let schedules = algorithm.algorithm.buildAll(topology: topology, pieces: pieces)
                    try algorithm.verifier(topology: topology).verify(schedules)
                }
            }
        }
    }

    /// Unequal parts of lanes, unequal counts between nodes, some of them zero, as rows of a router's choice have.
    @Test(arguments: cases)
    func unequalCounts(_ algorithm: Case) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let topology = Topology.shuffled(
                nodeCount: Int.random(in: 1...4, using: &generator),
                ranksPerNode: Int.random(in: 1...4, using: &generator), using: &generator)
            let schedules = algorithm.algorithm.buildAll(
                topology: topology, pieces: Int.random(in: 1...4, using: &generator))
            do {
                try algorithm.verifier(topology: topology).verify(
                    schedules, layouts: layouts(algorithm.algorithm.operation, topology, using: &generator))
            } catch {
                Issue.record("seed \(seed), nodes \(topology.nodes): \(error)")
            }
        }
    }

    /// Layouts in which a row between two nodes has a number of elements per lane, and each pair of nodes its own number
    /// of rows. A combine has as many rows of every node everywhere.
    private func layouts(
        _ operation: MixSchedule.Operation, _ topology: Topology, using generator: inout SeededGenerator
    ) -> [Layouts] {
        let widths = topology.nodes[0].map { _ in Int.random(in: 0...3, using: &generator) }
        let nodes = topology.nodes.indices
        let byOwner = nodes.map { _ in [0, 1, 2, 5].randomElement(using: &generator)! }
        let rows = nodes.map { _ in
            nodes.map { to in
                operation == .fusedDispatch ? [0, 1, 2, 5].randomElement(using: &generator)! : byOwner[to]
            }
        }
        // A block of equal size for every node: the plain operation.
        let equal = byOwner[0]
        return (0..<topology.rankCount).map { rank in
            let node = topology.node(of: rank)
            func blocks(_ rows: (Int) -> Int) -> [Int] { nodes.flatMap { other in widths.map { $0 * rows(other) } } }
            let (input, output, arrivals): ([Int], [Int], [Int])
            switch operation {
            case .fusedDispatch:
                input = blocks { rows[node][$0] }
                output = blocks { rows[$0][node] }
                arrivals = output
            case .fusedCombine:
                input = blocks { byOwner[$0] }
                output = widths.map { $0 * byOwner[node] }
                arrivals = blocks { _ in byOwner[node] }
            default:
                input = blocks { _ in equal }
                output = input
                arrivals = input
            }
            return Layouts(
                input: .counts(input), output: .counts(output),
                scratch: .counts(input + input + arrivals + arrivals))
        }
    }

    /// What crosses between nodes is the lower bound: a lane's part of what other nodes get, and nothing twice.
    @Test(arguments: operations)
    func aLaneSendsItsPart(_ operation: MixSchedule.Operation) throws {
        for (nodeCount, laneCount) in [(2, 2), (4, 2), (2, 4), (3, 5)] {
            let topology = Topology(nodeCount: nodeCount, ranksPerNode: laneCount)
            func sent(_ name: String) -> [Int] {
                let schedules = Algorithm.named(name, for: operation)!.buildAll(topology: topology, pieces: 3)
                let layouts = Verifier.smallestLayouts(for: schedules)
                let unit = layouts[0].input.range(ofBlock: 0).count
                return zip(schedules, layouts).map { $0.elementsSent($1) / unit }
            }
            #expect(sent("fused") == Array(repeating: nodeCount - 1, count: topology.rankCount))
            #expect(sent("sequential") == sent("fused"))
            #expect(sent("unfused") == sent("fused").map { $0 * laneCount })
        }
    }

    /// A combine that sums over the lanes of each node but leaves a node out, or over the nodes but leaves a lane out, is
    /// refused: reductions are over both groups.
    @Test(arguments: ["fused", "sequential", "unfused"])
    func reducesOverBothGroups(_ name: String) throws {
        let topology = Topology(nodeCount: 3, ranksPerNode: 2)
        let algorithm = Case(algorithm: Algorithm.named(name, for: .fusedCombine)!)
        var found = 0
        for rank in 0..<topology.rankCount {
            let whole = algorithm.algorithm.buildAll(topology: topology, pieces: 2)
            for (index, stream) in whole[rank].streams.enumerated() {
                for (number, step) in stream.steps.enumerated() {
                    guard case .reduce(let sources, let destinations) = step, sources.count > 1 else { continue }
                    var broken = whole
                    broken[rank].streams[index].steps[number] = .reduce(
                        from: Array(sources.dropLast()), to: destinations)
                    #expect(throws: VerificationError.self) {
                        try algorithm.verifier(topology: topology).verify(broken)
                    }
                    found += 1
                }
            }
        }
        #expect(found > 0)
    }

    @Test func manyNodesAreVerified() throws {
        let topology = Topology(nodeCount: 12, ranksPerNode: 3)
        for algorithm in Self.cases {
            try algorithm.verifier(topology: topology).verify(algorithm.algorithm.buildAll(topology: topology))
        }
    }
}
