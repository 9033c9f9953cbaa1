import MixCollectives
import MixSchedule
import Testing

@testable import mixbench

@Suite struct PeerRequestTests {
    private func request(_ variables: [String: String]) -> PeerRequest { PeerRequest { variables[$0] } }

    @Test func readsTheEnvironment() throws {
        let request = request([
            "BENCH_OPS": "allreduce,alltoall,hier_a2a", "BENCH_SIZES": "8,1K", "BENCH_TYPES": "float,half",
            "BENCH_PLACE": "out", "BENCH_SECONDS": "0.1", "BENCH_RANKS": "4", "BENCH_NAME": "mine",
        ])
        let sweeps = try request.sweeps()
        #expect(sweeps.map(\.operation) == [.allReduce, .allReduce, .allToAll])
        #expect(sweeps.map(\.type) == [.float32, .float16, .uint8])
        #expect(sweeps.allSatisfy { $0.sizes == [8, 1024] && $0.places == [.outOfPlace] })
        #expect(request.unknownOperations == ["hier_a2a"])
        #expect(try request.ranks() == 4)
        #expect(try request.nodes() == 1)
        #expect(try request.seconds() == 0.1)
        #expect(request.name == "mine")
    }

    @Test(arguments: ["BENCH_SIZES", "BENCH_TYPES", "BENCH_PLACE", "BENCH_SECONDS", "BENCH_RANKS"])
    func refusesNonsense(variable: String) {
        let request = request([variable: "nonsense"])
        #expect(throws: (any Error).self) {
            _ = try (request.sweeps(), request.seconds(), request.ranks())
        }
    }
}
