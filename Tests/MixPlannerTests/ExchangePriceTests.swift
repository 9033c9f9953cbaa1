import MixPlanner
import MixSchedule
import Testing

@Suite struct ExchangePriceTests {
    static let operations: [MixSchedule.Operation] = [.fusedDispatch, .fusedCombine]
    static let clusters = [ClusterSpec.h20(nodes: 2), .ascend910B(nodes: 4), .h100(nodes: 8)]

    private func traffic(_ tokens: Int, deduplicates: Bool = true) -> ExpertTraffic {
        ExpertTraffic(tokensPerNode: tokens, hidden: 7168, experts: 256, choices: 8, deduplicates: deduplicates)
    }

    @Test(arguments: operations, clusters)
    func fusedIsNeverSlower(_ operation: MixSchedule.Operation, _ cluster: ClusterSpec) throws {
        let pricer = try SchedulePricer(cluster)
        for tokens in [0, 1, 16, 64, 512, 4096] {
            for deduplicates in [false, true] {
                let price = try pricer.price(operation, of: traffic(tokens, deduplicates: deduplicates))
                #expect(price.fused <= price.sequential * (1 + 1e-9), "\(tokens) tokens")
                #expect(max(price.betweenNodes, price.insideNodes) <= price.fused * (1 + 1e-9), "\(tokens) tokens")
                #expect(
                    price.fused <= price.betweenNodes + price.insideNodes + 10e-6 || tokens == 0, "\(tokens) tokens")
            }
        }
    }

    /// With a flat wire, rows of a node that all lanes send in equal parts take the time of the bytes.
    @Test(arguments: operations)
    func theWireAloneTakesItsBytes(_ operation: MixSchedule.Operation) throws {
        let cluster = ClusterSpec.h20(nodes: 4)
        let price = try SchedulePricer(cluster).price(operation, of: traffic(4096), pieces: 4)
        let rows = 4096 * UniformRouting(experts: 256, choices: 8, nodes: 4).distinctRemoteNodes
        #expect(abs(Double(price.wireBytes) - rows * 7168 / 8 * 2) < 4)
        let bytes = Double(price.wireBytes) / 50e9
        #expect(abs(price.betweenNodes - bytes - 2.8e-6) < 1e-9)
    }

    @Test(arguments: operations)
    func fasterWiresAndLessDataAreNeverSlower(_ operation: MixSchedule.Operation) throws {
        func fused(_ tokens: Int = 1024, deduplicates: Bool = true, _ change: (inout ClusterSpec) -> Void = { _ in })
            throws -> Double
        {
            var cluster = ClusterSpec.ascend910B(nodes: 4)
            change(&cluster)
            return try SchedulePricer(cluster).price(operation, of: traffic(tokens, deduplicates: deduplicates)).fused
        }
        let time = try fused()
        for factor in [1.1, 2, 10] {
            #expect(try fused { $0.betweenNodes.bandwidth = .flat(25e9 * factor) } <= time)
            #expect(try fused { $0.insideNode.bandwidth = .flat(60e9 * factor) } <= time)
            #expect(try fused { $0.memoryBandwidth *= factor } <= time)
            #expect(try fused { $0.betweenNodes.latency /= factor } <= time)
            #expect(try fused(Int(1024 / factor)) <= time)
        }
        #expect(try fused(deduplicates: false) > time)
    }

    /// Where the wire is the bottleneck, the unfused twin takes m times as long, and one node needs no wire.
    @Test(arguments: operations)
    func fusedSendsThePartOfALane(_ operation: MixSchedule.Operation) throws {
        var cluster = ClusterSpec.h20(nodes: 2)
        cluster.betweenNodes.bandwidth = .flat(1e9)
        let price = try SchedulePricer(cluster).price(operation, of: traffic(4096))
        #expect(abs(price.unfused / price.fused - 8) < 0.4)
        #expect(price.overlapEfficiency > 0.95)
        cluster.nodes = 1
        #expect(try SchedulePricer(cluster).price(operation, of: traffic(64)).wireBytes == 0)
    }

    @Test(arguments: operations)
    func narrowRowsAreFaster(_ operation: MixSchedule.Operation) throws {
        var narrow = traffic(4096)
        narrow.dispatchBytes = 1.03125
        narrow.combineBytes = 1
        let pricer = try SchedulePricer(.ascend910B())
        let (one, two) = (try pricer.price(operation, of: narrow), try pricer.price(operation, of: traffic(4096)))
        #expect(one.wireBytes < two.wireBytes && one.fused < two.fused)
    }
}
