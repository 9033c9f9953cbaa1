import MixCollectives
import MixPlanner
import MixSchedule
import Testing

@testable import mixbench

@Suite struct TuningFitTests {
    /// A cluster of even bandwidths; `latency` and `wire` between nodes.
    private func cluster(_ nodes: Int, _ lanes: Int, latency: Double, wire: Double, inside: Double = 0.3e-6)
        -> ClusterSpec
    {
        let memory = LinkClass(name: "shared memory", latency: inside, bandwidth: .flat(20e9))
        return ClusterSpec(
            name: "made up", nodes: nodes, ranksPerNode: lanes, insideNode: memory,
            betweenNodes: LinkClass(name: "tcp", latency: latency, bandwidth: .flat(wire)), memoryBandwidth: 20e9,
            source: "measured",
            measured: MeasuredRates(
                copy: .flat(20e9), mates: .flat(20e9), reduction: .flat(20e9), messages: memory,
                processorsPerNode: lanes, wiresPerNode: lanes))
    }

    private func tuning(_ cluster: ClusterSpec) throws -> Tuning {
        let fit = try #require(TuningFit(cluster, overVerbs: false))
        let tuning = try fit.tuning()
        #expect(try fit.tuning() == tuning)
        #expect(try Tuning(text: tuning.file(for: cluster)) == tuning)
        return tuning
    }

    @Test func nothingToTune() throws {
        #expect(TuningFit(cluster(1, 2, latency: 0, wire: 1), overVerbs: false) == nil)
        var unmeasured = cluster(2, 2, latency: 1e-5, wire: 1e9)
        unmeasured.measured = nil
        #expect(TuningFit(unmeasured, overVerbs: false) == nil)
        #expect(Tuning().file(for: unmeasured).contains("No other choice"))
    }

    /// Two nodes exchange as many bytes in one round as in two, so the longer a round takes the larger messages may be.
    @Test func latencyMovesTheLimitUp() throws {
        var last = 0
        for latency in [1e-6, 1e-4, 1e-2] {
            let tuning = try tuning(cluster(4, 1, latency: latency, wire: 1e9))
            let limit = tuning.allReduceMessageBytes ?? 16 << 10
            #expect(limit >= last, "\(tuning)")
            last = limit
        }
        #expect(last > 16 << 10)
    }

    /// Of four nodes, messages have three times all bytes, and a ring one and a half times.
    @Test func aSlowWireMovesTheLimitDown() throws {
        let tuning = try tuning(cluster(4, 1, latency: 1e-7, wire: 1e8))
        #expect(try #require(tuning.allReduceMessageBytes) < 16 << 10)
    }

    /// Handing parts over inside the node costs more than sending everything.
    @Test func slowHandOvers() throws {
        let fast = try tuning(cluster(2, 2, latency: 1e-5, wire: 1e9, inside: 1e-7))
        let slow = try tuning(cluster(2, 2, latency: 1e-5, wire: 1e9, inside: 1e-3))
        #expect(fast.allReduceWholeBytes ?? 2 << 10 < slow.allReduceWholeBytes ?? 2 << 10, "\(fast) \(slow)")
    }

    /// Nothing that is recommended is priced slower than what it replaces, and something a tenth faster.
    @Test(arguments: [(2, 1), (2, 2), (3, 2)], [(1e-6, 1e8), (1e-5, 1e9), (1e-4, 1e10)])
    func neverSlower(shape: (nodes: Int, lanes: Int), link: (latency: Double, wire: Double)) throws {
        let cluster = cluster(shape.nodes, shape.lanes, latency: link.latency, wire: link.wire)
        let tuning = try tuning(cluster)
        let prediction = try #require(CollectivePrediction(cluster))
        for operation in [MixSchedule.Operation.allReduce, .reduceScatter, .allGather, .allToAll] {
            for bytes in sequence(first: 1 << 10, next: { $0 < 1 << 20 ? 4 * $0 : nil }) {
                let shape = Shape(operation, bytes: bytes, elementSize: 4, ranks: cluster.rankCount)
                let seconds = try [tuning, Tuning()].map {
                    try prediction.seconds(
                        shape,
                        $0.way(
                            of: operation, bytes: shape.blockCount * 4, nodes: cluster.nodes,
                            ranksPerNode: cluster.ranksPerNode))
                }
                #expect(seconds[0] <= seconds[1] * 1.02, "\(operation) of \(bytes): \(seconds), \(tuning)")
            }
        }
    }
}
