import MixPlanner
import MixSchedule
import Testing

@Suite struct SchedulePricerTests {
    /// A wire of 1 byte per second and α = 10 s; mates at 4 bytes per second, seen after 3 s; memory at 8 bytes per second.
    private func cluster(nodes: Int, lanes: Int) -> ClusterSpec {
        ClusterSpec(
            name: "slow", nodes: nodes, ranksPerNode: lanes,
            insideNode: LinkClass(name: "inside", latency: 3, bandwidth: .flat(4)),
            betweenNodes: LinkClass(name: "between", latency: 10, bandwidth: .flat(1)), memoryBandwidth: 8)
    }

    private func slice(_ rank: Int, _ block: Int, _ buffer: Buffer = .input) -> Slice {
        Slice(buffer, rank: rank, block: block)
    }

    private func duration(
        _ cluster: ClusterSpec, _ streams: [[Stream]], part: SchedulePricer.Part = .everything
    ) throws -> Double {
        let schedules = streams.enumerated().map { rank, streams in
            Schedule(
                rank: rank, rankCount: cluster.rankCount, inputBlocks: 4, outputBlocks: 4,
                streams: streams)
        }
        let layouts = Layouts(input: .uniform(blocks: 4, count: 8), output: .uniform(blocks: 4, count: 8))
        return try SchedulePricer(cluster)
            .timeline(schedules, layouts: schedules.map { _ in layouts }, part: part).duration
    }

    /// Two streams share a wire: bytes one after the other, latencies at the same time.
    @Test func aWireCarriesOneTransferAfterTheOther() throws {
        func streams(_ make: (Slice) -> Step) -> [Stream] {
            (0..<2).map { Stream(name: "\($0)", channel: $0, steps: [make(slice(0, $0))]) }
        }
        let sends = streams { .send($0, to: 1) }
        let receives = streams { .receive(Slice(.output, rank: 1, block: $0.block), from: 0) }
        let two = cluster(nodes: 2, lanes: 1)
        #expect(try duration(two, [sends, receives]) == 8 + 8 + 10)
        #expect(try duration(two, [[sends[0]], [receives[0]]]) == 8 + 10)
        // Inside a node it is the port: 2 s each.
        #expect(try duration(cluster(nodes: 1, lanes: 2), [sends, receives]) == 2 + 2 + 3)
    }

    /// Both directions at the same time.
    @Test func wiresCarryBothWays() throws {
        func streams(_ rank: Int) -> [Stream] {
            [
                Stream(name: "send", steps: [.send(slice(rank, 0), to: 1 - rank)]),
                Stream(name: "receive", steps: [.receive(slice(rank, 1, .output), from: 1 - rank)]),
            ]
        }
        #expect(try duration(cluster(nodes: 2, lanes: 1), [streams(0), streams(1)]) == 18)
    }

    @Test func copiesAndReductions() throws {
        let node = cluster(nodes: 1, lanes: 2)
        func time(_ steps: [Step]) throws -> Double {
            try duration(node, [[Stream(name: "main", steps: steps)], []])
        }
        // 8 read and 8 written at 8 per second.
        #expect(try time([.copy(from: slice(0, 0), to: slice(0, 1, .output))]) == 2)
        // 8 over the link at 4 per second; memory takes half of that.
        #expect(try time([.copy(from: slice(1, 0), to: slice(0, 0, .output))]) == 2)
        #expect(try time([.reduce(from: [slice(0, 0), slice(0, 1)], to: [slice(0, 0, .output)])]) == 3)
        // To a mate and from a mate: 16 over the link.
        #expect(try time([.reduce(from: [slice(0, 0), slice(1, 0)], to: [slice(1, 0, .output)])]) == 4)
        // Streams of a rank share what moves its data.
        let copy = Stream(name: "copy", steps: [.copy(from: slice(0, 0), to: slice(0, 1, .output))])
        let other = Stream(name: "other", steps: [.copy(from: slice(0, 2), to: slice(0, 2, .output))])
        #expect(try duration(node, [[copy, other], []]) == 4)
    }

    @Test func aMateSeesASignalLater() throws {
        let node = cluster(nodes: 1, lanes: 2)
        let first = Stream(name: "main", steps: [.copy(from: slice(0, 0), to: slice(0, 0, .output)), .signal])
        let second = Stream(
            name: "main",
            steps: [.await(rank: 0, signals: 1), .copy(from: slice(0, 0, .output), to: slice(1, 0, .output))])
        #expect(try duration(node, [[first], [second]]) == 2 + 3 + 2)
    }

    /// 2(n−1)·(α + N/n/B), when reductions take no time.
    @Test(arguments: [2, 4, 8])
    func ringTakesWhatTheFormulaSays(ranks: Int) throws {
        let schedules = (0..<ranks).map { Schedule.ringAllReduce(rank: $0, rankCount: ranks) }
        let layout = Layout.equal(count: 6 * ranks, blocks: ranks)
        let duration = try SchedulePricer(cluster(nodes: ranks, lanes: 1)).timeline(
            schedules, layouts: schedules.map { _ in Layouts(input: layout, output: layout) }, part: .betweenNodes
        ).duration
        #expect(duration == Double(2 * (ranks - 1)) * (10 + 6))
    }

    /// One node against itself takes the time of all nodes, for every algorithm that is priced so.
    @Test(arguments: Operation.allCases.filter(\.isFused).flatMap { Algorithm.all(for: $0) }.map(Named.init))
    func oneNodeStandsForAll(_ algorithm: Named) throws {
        for (nodes, lanes) in [(1, 3), (2, 1), (2, 4), (3, 2), (5, 2)] {
            let topology = Topology(nodeCount: nodes, ranksPerNode: lanes)
            for pieces in [1, 3] {
                let schedules = algorithm.algorithm.buildAll(topology: topology, pieces: pieces)
                try expectSame(schedules, lanes: lanes, cluster(nodes: nodes, lanes: lanes))
            }
        }
    }

    @Test func oneNodeStandsForAllInAllToAll() throws {
        let topology = Topology(nodeCount: 3, ranksPerNode: 4)
        let schedules = (0..<12).map { Schedule.hierarchicalAllToAll(rank: $0, topology: topology) }
        try expectSame(schedules, lanes: 4, cluster(nodes: 3, lanes: 4))
    }

    /// An all-to-all keeps every wire busy from beginning to end: no two lanes send to the same rank.
    @Test func lanesOfANodeDoNotMeet() throws {
        let topology = Topology(nodeCount: 3, ranksPerNode: 4)
        let schedules = (0..<4).map { Schedule.hierarchicalAllToAll(rank: $0, topology: topology) }
        let layout = Layout.uniform(blocks: 12, count: 5)
        let timeline = try SchedulePricer(cluster(nodes: 3, lanes: 4)).timeline(
            schedules, layouts: schedules.map { _ in Layouts(input: layout, output: layout) }, part: .betweenNodes)
        #expect(timeline.duration == 8 * 5 + 10)
    }

    private func expectSame(_ schedules: [Schedule], lanes: Int, _ cluster: ClusterSpec) throws {
        let layouts = schedules.map {
            Layouts(
                input: .uniform(blocks: $0.inputBlocks, count: 24),
                output: .uniform(blocks: $0.outputBlocks, count: 24),
                scratch: .uniform(blocks: max(1, $0.scratchBlocks), count: 24))
        }
        let pricer = try SchedulePricer(cluster)
        let all = try pricer.timeline(schedules, layouts: layouts)
        let one = try pricer.timeline(Array(schedules[..<lanes]), layouts: Array(layouts[..<lanes]))
        #expect(abs(one.duration - all.duration) < 1e-9 * all.duration)
    }

    @Test func groupsMustFit() throws {
        let schedules = (0..<2).map { Schedule.ringAllReduce(rank: $0, rankCount: 3) }
        let layout = Layouts(input: .equal(count: 3, blocks: 3), output: .equal(count: 3, blocks: 3))
        #expect(throws: VerificationError.self) {
            try SchedulePricer(cluster(nodes: 3, lanes: 1)).timeline(schedules, layouts: [layout, layout])
        }
    }
}

/// An algorithm as a test argument.
struct Named: Sendable, CustomTestStringConvertible {
    let algorithm: Algorithm
    var testDescription: String { "\(algorithm.operation.rawValue) \(algorithm.name)" }
}
