import Foundation
import MixPlanner
import Testing

@Suite struct ClusterSpecTests {
    @Test func timeBetweenPointsGrowsLinearly() {
        let curve = BandwidthCurve(points: [
            .init(bytes: 3000, bytesPerSecond: 1000), .init(bytes: 1000, bytesPerSecond: 500),
        ])
        #expect(curve.seconds(0) == 0)
        #expect(curve.seconds(500) == 1)
        #expect(curve.seconds(1000) == 2)
        #expect(curve.seconds(2000) == 2.5)
        #expect(curve.seconds(3000) == 3)
        #expect(curve.seconds(6000) == 6)
        #expect(BandwidthCurve.flat(10).seconds(5) == 0.5)
    }

    @Test func readsJSON() throws {
        let json = """
            {"name": "two", "nodes": 2, "ranksPerNode": 8,
             "insideNode": {"name": "NVLink", "latency": 3.3e-6, "bandwidth": 450e9},
             "betweenNodes": {"name": "IB", "latency": 2.8e-6, "bandwidth": [
                {"bytes": 4096, "bytesPerSecond": 5e9}, {"bytes": 1048576, "bytesPerSecond": 50e9}]},
             "memoryBandwidth": 4e12, "reductionBandwidth": 2e12}
            """
        let cluster = try JSONDecoder().decode(ClusterSpec.self, from: Data(json.utf8))
        try cluster.validate()
        #expect(cluster.rankCount == 16)
        #expect(cluster.insideNode == .nvLink4)
        #expect(cluster.betweenNodes.seconds(1 << 20) == 2.8e-6 + Double(1 << 20) / 50e9)
        #expect(cluster.reductionBandwidth == 2e12)
    }

    @Test(arguments: [ClusterSpec.h20(), .ascend910B(), .h100()])
    func surviveJSON(cluster: ClusterSpec) throws {
        try cluster.validate()
        #expect(try JSONDecoder().decode(ClusterSpec.self, from: JSONEncoder().encode(cluster)) == cluster)
    }

    @Test func refusesWhatHasNoPrice() {
        func check(_ expected: ClusterSpec.Invalid, _ change: (inout ClusterSpec) -> Void) {
            var cluster = ClusterSpec.h20()
            change(&cluster)
            #expect(throws: expected) { try SchedulePricer(cluster) }
        }
        check(.empty(nodes: 0, ranksPerNode: 8)) { $0.nodes = 0 }
        check(.latency(link: "NVLink")) { $0.insideNode.latency = -1 }
        check(.bandwidth(link: "NVLink")) { $0.insideNode.bandwidth = .flat(0) }
        check(.bandwidth(link: "NVLink")) { $0.insideNode.bandwidth = BandwidthCurve(points: []) }
        check(.bandwidth(link: "InfiniBand 400 Gb/s")) {
            $0.betweenNodes.bandwidth = BandwidthCurve(points: [
                .init(bytes: 1000, bytesPerSecond: 1), .init(bytes: 2000, bytesPerSecond: 3),
            ])
        }
        check(.memory) { $0.memoryBandwidth = 0 }
    }
}
