import MixSchedule
import Testing

/// The full proof, races included, at sizes that nobody can try out.
@Suite struct ScaleTests {
    @Test(arguments: ["halving-doubling", "double-tree"])
    func allReduceOnManyRanks(_ name: String) throws {
        let algorithm = try #require(Algorithm.named(name, for: .allReduce))
        try Verifier(.allReduce, mappedMemory: .own)
            .verify(algorithm.buildAll(topology: .flat(1024)))
    }

    @Test func hierarchyOnManyRanks() throws {
        let topology = Topology(nodeCount: 32, ranksPerNode: 8)
        let algorithm = try #require(Algorithm.named("hierarchical", for: .allReduce))
        try Verifier(.allReduce, mappedMemory: .ofNode(topology))
            .verify(algorithm.buildAll(topology: topology))
    }

    @Test func barrierOnManyRanks() throws {
        let schedules = (0..<1024).map { Schedule.disseminationBarrier(rank: $0, rankCount: 1024) }
        try Verifier(.barrier, mappedMemory: .own).verify(schedules)
    }

    @Test func ringOf128() throws {
        let schedules = (0..<128).map { Schedule.ringAllReduce(rank: $0, rankCount: 128) }
        try Verifier(.allReduce, inPlace: true, mappedMemory: .own).verify(schedules)
    }
}
