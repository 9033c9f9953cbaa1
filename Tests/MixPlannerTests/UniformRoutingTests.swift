import MixPlanner
import Testing

@Suite struct UniformRoutingTests {
    @Test(arguments: [(256, 8, 4, 2.71), (256, 8, 2, 0.997), (128, 8, 4, 2.72)])
    func distinctRemoteNodes(experts: Int, choices: Int, nodes: Int, expected: Double) {
        let routing = UniformRouting(experts: experts, choices: choices, nodes: nodes)
        #expect(abs(routing.distinctRemoteNodes - expected) < 0.006)
    }

    @Test func withoutDeduplication() {
        #expect(UniformRouting(experts: 256, choices: 8, nodes: 4).remoteChoices == 6)
        #expect(UniformRouting(experts: 256, choices: 8, nodes: 2).remoteChoices == 4)
    }

    /// One expert per token or one per node: nothing is sent twice.
    @Test(arguments: [(64, 1, 8), (32, 6, 32)])
    func nothingToGain(experts: Int, choices: Int, nodes: Int) {
        let routing = UniformRouting(experts: experts, choices: choices, nodes: nodes)
        #expect(abs(routing.distinctRemoteNodes - routing.remoteChoices) < 1e-12)
    }

    /// All sets of choices, counted one by one, on nodes with different numbers of experts.
    @Test func equalsTheMeanOfAllSets() {
        let (experts, nodes) = (7, 3)
        let nodeOf = [0, 0, 0, 1, 1, 2, 2]
        for choices in 0...experts {
            let sets = (0..<1 << experts).filter { $0.nonzeroBitCount == choices }
            for node in 0..<nodes {
                let hits = sets.filter { set in (0..<experts).contains { set >> $0 & 1 == 1 && nodeOf[$0] == node } }
                let probability = UniformRouting(experts: experts, choices: choices, nodes: nodes)
                    .probability(node: node)
                #expect(abs(probability - Double(hits.count) / Double(sets.count)) < 1e-12)
            }
        }
    }

    @Test func moreExpertsThanChoicesCanMiss() {
        // Node 1 has one expert of three: two choices miss it in one case of three.
        #expect(abs(UniformRouting(experts: 3, choices: 2, nodes: 2).probability(node: 1) - 2.0 / 3) < 1e-12)
        #expect(UniformRouting(experts: 3, choices: 3, nodes: 2).nodeProbability == 1)
        #expect(UniformRouting(experts: 8, choices: 2, nodes: 1).distinctRemoteNodes == 0)
    }
}
