import Foundation
import MixPlanner
import Testing

@Suite struct PlacementTests {
    /// The example that EPLB's authors publish.
    @Test func balancedAsPublished() throws {
        let weights: [[Double]] = [
            [90, 132, 40, 61, 104, 165, 39, 4, 73, 56, 183, 86],
            [20, 107, 104, 64, 19, 197, 187, 157, 172, 86, 16, 27],
        ]
        let placement = try ExpertPlacement.balanced(
            weights: weights, shape: .init(replicas: 16, groups: 4, nodes: 2, devices: 8))
        #expect(
            placement.expertOfPlace == [
                [5, 6, 5, 7, 8, 4, 3, 4, 10, 9, 10, 2, 0, 1, 11, 1],
                [7, 10, 6, 8, 6, 11, 8, 9, 2, 4, 5, 1, 5, 0, 3, 1],
            ])
        #expect(placement.replicasOfExpert[0] == [1, 2, 1, 1, 2, 2, 1, 1, 1, 1, 2, 1])
        // The replica that was made first lies behind the other one.
        #expect(placement.placesOfExpert[0][1] == [15, 13])
    }

    /// Any weights: the three maps are those of EPLB's definition.
    @Test func balancedIsEPLB() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("PlacementTests.balancedIsEPLB seed \(seed)")
        var random = SplitMix64(state: seed)
        var isInOrder = true
        for _ in 0..<300 {
            let nodes = [1, 2, 4].randomElement(using: &random) ?? 1
            let groups = Int.random(in: 1...8, using: &random)
            let experts = groups * Int.random(in: 1...8, using: &random) * (groups % nodes == 0 ? 1 : nodes)
            let devices = nodes * Int.random(in: 1...4, using: &random)
            let perDevice = (experts + devices - 1) / devices + Int.random(in: 0...3, using: &random)
            let shape = ExpertPlacement.Shape(
                replicas: devices * perDevice, groups: groups, nodes: nodes, devices: devices)
            let weights = (0..<2).map { _ in
                (0..<experts).map { _ in Double(Int.random(in: 0...200, using: &random)) }
            }
            let placement = try ExpertPlacement.balanced(weights: weights, shape: shape)
            for (layer, weights) in weights.enumerated() {
                let wanted = EPLBDefinition(
                    weights.map { Float($0) }, replicas: shape.replicas, groups: groups, nodes: nodes, devices: devices)
                try #require(placement.expertOfPlace[layer] == wanted.phy2log)
                try #require(placement.replicaOfPlace[layer] == wanted.phyrank)
                try #require(placement.replicasOfExpert[layer] == wanted.logcnt)
                try #require(placement.placesOfExpert[layer] == wanted.log2phy.map { $0.filter { $0 >= 0 } })
                isInOrder = isInOrder && placement.placesOfExpert[layer].allSatisfy { $0 == $0.sorted() }
            }
        }
        // Or else the order of replicas would not have been tested.
        #expect(!isInOrder)
    }

    /// Any weights: every expert has a place, groups stay on a node, devices are full, and the busiest is no worse than in order.
    @Test func balancedHolds() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("PlacementTests.balancedHolds seed \(seed)")
        var random = SplitMix64(state: seed)
        for _ in 0..<200 {
            let nodes = [1, 2, 4].randomElement(using: &random) ?? 1
            let groups = nodes * Int.random(in: 1...3, using: &random)
            let experts = groups * Int.random(in: 1...6, using: &random)
            let devices = nodes * Int.random(in: 1...3, using: &random)
            // As many places per node as experts, or more.
            let perDevice = (experts + devices - 1) / devices + Int.random(in: 0...2, using: &random)
            let shape = ExpertPlacement.Shape(
                replicas: devices * perDevice, groups: groups, nodes: nodes, devices: devices)
            let weights = [(0..<experts).map { _ in Double(Int.random(in: 0...50, using: &random)) }]
            let placement = try ExpertPlacement.balanced(weights: weights, shape: shape)
            let places = placement.placesOfExpert[0]
            #expect(places.allSatisfy { !$0.isEmpty } && places.reduce(0) { $0 + $1.count } == shape.replicas)
            for group in 0..<groups {
                let size = experts / groups
                let nodes = Set(places[group * size..<(group + 1) * size].joined().map { placement.node(of: $0) })
                #expect(nodes.count == 1)
            }
        }
    }

    /// Where groups are no multiple of nodes, all is one node.
    @Test func balancedWithoutNodes() throws {
        let weights = [(0..<12).map { Double($0 * $0 % 7) }]
        let shape = ExpertPlacement.Shape(replicas: 16, groups: 3, nodes: 2, devices: 4)
        let flat = ExpertPlacement.Shape(replicas: 16, groups: 1, nodes: 1, devices: 4)
        #expect(
            try ExpertPlacement.balanced(weights: weights, shape: shape).expertOfPlace
                == ExpertPlacement.balanced(weights: weights, shape: flat).expertOfPlace)
    }

    @Test func refusesWhatDoesNotDivide() throws {
        let weights = [[Double]](repeating: [1, 2, 3, 4], count: 1)
        for shape in [
            ExpertPlacement.Shape(replicas: 3, nodes: 1, devices: 1), .init(replicas: 5, nodes: 1, devices: 2),
            .init(replicas: 6, groups: 2, nodes: 2, devices: 3), .init(replicas: 4, groups: 3, nodes: 1, devices: 1),
            .init(replicas: 4, nodes: 0, devices: 1), .init(replicas: 4, nodes: 1, devices: 0),
        ] {
            #expect(throws: PlannerError.self) { try ExpertPlacement.balanced(weights: weights, shape: shape) }
        }
        #expect(throws: PlannerError.self) {
            try ExpertPlacement.balanced(weights: [[1, -1]], shape: .init(replicas: 2, nodes: 1, devices: 1))
        }
    }

    /// Two kinds of requests, each with experts of its own: counts [request][layer][expert].
    private func twoKinds() throws -> ExpertTrace {
        try ExpertTrace(
            requests: (0..<12).map { request in
                let isFirst = request % 3 == 0 || request % 4 == 1
                return .init(
                    prefill: [(0..<8).map { ($0 % 2 == 0) == isFirst ? 3 : 0 }],
                    decode: [(0..<8).map { ($0 % 2 == 0) == isFirst ? Double(5 + request % 3) : 0 }])
            })
    }

    @Test func clusteredKeepsRowsAtHome() throws {
        let trace = try twoKinds()
        let shape = ExpertPlacement.Shape(replicas: 8, nodes: 2, devices: 4)
        let groups = RequestGroups(trace, count: 2)
        let kinds = Set(zip(groups.groupOfRequest, trace.requests).map { [$0, $1.decode[0][0] > 0 ? 1 : 0] })
        #expect(kinds.count == 2)
        for (group, request) in zip(groups.groupOfRequest, trace.requests) {
            #expect(groups.group(ofPrefill: request.prefill ?? []) == group)
        }
        let placement = try ExpertPlacement.clustered(trace, nodeOfRequest: groups.groupOfRequest, shape: shape)
        let near = PlacementTraffic(placement, trace, nodeOfRequest: groups.groupOfRequest, rowBytes: 10)
        #expect(near.remoteBytes == 0 && near.paddedBytes == 0)
        let linear = try ExpertPlacement.linear(layers: 1, experts: 8, shape: shape)
        let turns = trace.requests.indices.map { $0 % 2 }
        let far = PlacementTraffic(linear, trace, nodeOfRequest: turns, rowBytes: 10)
        // Half of the experts of every request are elsewhere.
        let rows = trace.loads[0].reduce(0, +)
        #expect(far.remoteBytes == rows / 2 * 10)
        #expect(far.paddedBytes >= far.remoteBytes && far.paddedBytes == 2 * far.busiestPeerBytes)
    }

    @Test func replicasServeBothNodes() throws {
        let trace = try twoKinds()
        let shape = ExpertPlacement.Shape(replicas: 16, nodes: 2, devices: 2)
        let turns = trace.requests.indices.map { $0 % 2 }
        let placement = try ExpertPlacement.clustered(trace, nodeOfRequest: turns, shape: shape)
        #expect(PlacementTraffic(placement, trace, nodeOfRequest: turns, rowBytes: 1).remoteBytes == 0)
        #expect(placement.replicasOfExpert == [[2, 2, 2, 2, 2, 2, 2, 2]])
    }

    @Test func requestsAreSpreadEvenly() throws {
        let nodes = ExpertPlacement.nodes(for: try twoKinds(), clusters: 2, nodes: 3)
        #expect((0..<3).map { node in nodes.filter { $0 == node }.count } == [4, 4, 4])
    }

    @Test func tracesAsFiles() throws {
        let trace = try twoKinds()
        #expect(try ExpertTrace(json: trace.json) == trace)
        #expect(try ExpertTrace(json: Data("[[1, 2], [3, 4]]".utf8)).layers == 2)
        #expect(try ExpertTrace(json: Data("[[[1, 2.5]], [[3, 4]]]".utf8)).requests.count == 2)
        for text in [
            "", "{}", "[]", "[[]]", "[[1], [2, 3]]", "[[-1]]",
            "{\"format\": \"x\", \"version\": 1, \"experts\": 1, \"requests\": []}",
        ] {
            #expect(throws: PlannerError.self) { try ExpertTrace(json: Data(text.utf8)) }
        }
    }
}
