import MixSchedule
import Testing

/// What ranks send, against the least that any algorithm must send.
@Suite struct VolumeTests {
    /// The elements that each rank sends when buffers hold `count` elements in all.
    private func sent(_ operation: MixSchedule.Operation, _ name: String, ranks: Int, count: Int)
        throws -> [Int]
    {
        let algorithm = try #require(Algorithm.named(name, for: operation))
        return algorithm.buildAll(topology: .flat(ranks)).map { schedule in
            schedule.elementsSent(
                Layouts(
                    input: .equal(count: count, blocks: schedule.inputBlocks),
                    output: .equal(count: count, blocks: schedule.outputBlocks)))
        }
    }

    @Test(arguments: [2, 3, 7, 8, 64])
    func ringAllReduceSendsTheLeast(ranks: Int) throws {
        let count = ranks * 10
        let volumes = try sent(.allReduce, "ring", ranks: ranks, count: count)
        #expect(volumes.allSatisfy { $0 == 2 * (ranks - 1) * count / ranks })
    }

    @Test(arguments: [2, 4, 8, 64])
    func halvingDoublingSendsTheLeast(ranks: Int) throws {
        let count = ranks * 10
        let volumes = try sent(.allReduce, "halving-doubling", ranks: ranks, count: count)
        #expect(volumes.allSatisfy { $0 == 2 * (ranks - 1) * count / ranks })
    }

    @Test(arguments: [2, 3, 7, 8, 64])
    func allToAllSendsTheLeast(ranks: Int) throws {
        let count = ranks * 10
        let volumes = try sent(.allToAll, "pairwise", ranks: ranks, count: count)
        #expect(volumes.allSatisfy { $0 == (ranks - 1) * count / ranks })
    }

    @Test(arguments: [2, 3, 7, 8, 64])
    func ringHalvesSendTheLeast(ranks: Int) throws {
        let algorithms: [(MixSchedule.Operation, Int, Int)] = [
            (.reduceScatter, ranks, 1), (.allGather, 1, ranks),
        ]
        for (operation, inputs, outputs) in algorithms {
            let algorithm = try #require(Algorithm.named("ring", for: operation))
            let layouts = Layouts(
                input: .uniform(blocks: inputs, count: 10),
                output: .uniform(blocks: outputs, count: 10),
                scratch: .uniform(blocks: ranks, count: 10))
            for schedule in algorithm.buildAll(topology: .flat(ranks)) {
                #expect(schedule.elementsSent(layouts) == (ranks - 1) * 10)
            }
        }
    }

    /// No rank of a double tree sends more than about twice the data: none is inner in both trees.
    @Test(arguments: [2, 3, 6, 7, 16, 17, 64])
    func doubleTreeSharesTheWork(ranks: Int) throws {
        let volumes = try sent(.allReduce, "double-tree", ranks: ranks, count: 20)
        #expect(volumes.max()! <= 2 * 20)
        #expect(volumes.reduce(0, +) == 2 * (ranks - 1) * 20)
    }

    /// Between nodes, each rank sends its lane's share only.
    @Test func hierarchySparesTheSlowWire() throws {
        let topology = Topology(nodeCount: 4, ranksPerNode: 8)
        let count = 32 * 10
        for rank in 0..<32 {
            let schedule = Schedule.hierarchicalAllReduce(rank: rank, topology: topology)
            let layout = Layout.equal(count: count, blocks: schedule.inputBlocks)
            #expect(
                schedule.elementsSent(Layouts(input: layout, output: layout))
                    == 2 * 3 * count / (4 * 8))
        }
    }

    /// What a node must get or give at least: every block of another node once.
    @Test(arguments: [(2, 1), (2, 2), (4, 8), (3, 5)])
    func hierarchicalHalvesSendTheLeast(nodes: Int, ranksPerNode: Int) throws {
        let ranks = nodes * ranksPerNode
        let algorithms: [(MixSchedule.Operation, Int, Int, Int)] = [
            (.reduceScatter, ranks, 1, nodes - 1), (.allGather, 1, ranks, nodes - 1),
            (.allToAll, ranks, ranks, ranks - ranksPerNode),
        ]
        for (operation, inputs, outputs, least) in algorithms {
            let algorithm = try #require(Algorithm.named("hierarchical", for: operation))
            let layouts = Layouts(
                input: .uniform(blocks: inputs, count: 10), output: .uniform(blocks: outputs, count: 10),
                scratch: .uniform(blocks: ranks, count: 10))
            let topology = Topology(nodeCount: nodes, ranksPerNode: ranksPerNode)
            for schedule in algorithm.buildAll(topology: topology, pieces: 3) {
                #expect(schedule.elementsSent(layouts) == least * 10)
            }
        }
    }

    @Test func directAlgorithmsSendNothing() {
        for operation in MixSchedule.Operation.allCases {
            guard let direct = Algorithm.named("direct", for: operation) else { continue }
            for schedule in direct.buildAll(topology: .flat(5)) {
                let layouts = Verifier.smallestLayouts(for: [schedule])[0]
                #expect(schedule.elementsSent(layouts) == 0)
            }
        }
    }
}
