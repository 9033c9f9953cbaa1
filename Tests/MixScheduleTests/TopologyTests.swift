import MixSchedule
import Testing

@Suite struct TopologyTests {
    @Test func placesOfRanks() throws {
        let topology = try Topology(nodes: [[2, 0], [1, 3, 4]])
        #expect(topology.rankCount == 5)
        #expect(topology.node(of: 3) == 1 && topology.lane(of: 3) == 1)
        #expect(topology.node(of: 0) == 0 && topology.lane(of: 0) == 1)
        #expect(topology.ranksPerNode == nil)
        #expect(Topology(nodeCount: 2, ranksPerNode: 3).nodes == [[0, 1, 2], [3, 4, 5]])
        #expect(Topology(nodeCount: 2, ranksPerNode: 3).ranksPerNode == 3)
        #expect(
            try Topology(nodeOfRank: [0, 0, 0, 1, 1, 1]) == Topology(nodeCount: 2, ranksPerNode: 3))
    }

    @Test func whatIsNoTopology() {
        #expect(throws: Topology.Invalid.noRanks) { try Topology(nodes: []) }
        #expect(throws: Topology.Invalid.emptyNode(1)) { try Topology(nodes: [[0], []]) }
        #expect(throws: Topology.Invalid.rank(0)) { try Topology(nodes: [[0], [0]]) }
        #expect(throws: Topology.Invalid.rank(5)) { try Topology(nodes: [[0, 5]]) }
        #expect(throws: Topology.Invalid.emptyNode(1)) { try Topology(nodeOfRank: [0, 2]) }
        #expect(throws: Topology.Invalid.noRanks) { try Topology(nodeOfRank: []) }
    }
}
