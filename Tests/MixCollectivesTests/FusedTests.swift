import MixCollectives
import MixSchedule
import Testing

extension CollectiveTests {
    /// Dispatch, combine, and the plain fused operation, between machines and inside one.
    @Suite struct Fused {
        /// nodes × lanes.
        static let shapes = [(1, 1), (1, 3), (2, 1), (2, 2), (3, 2), (4, 2), (2, 4)]
        static let algorithms = ["fused", "sequential", "unfused"]

        @Test(arguments: shapes, algorithms)
        func everyShape(shape: (nodes: Int, lanes: Int), algorithm: String) async throws {
            let seed = UInt64.random(in: 0..<1 << 32)
            var generator = Generator(seed: seed)
            var cases: [FusedCase] = []
            for (number, hidden) in [1, 7, 64, 100, 260].enumerated() {
                for spread in FusedCase.Spread.allCases {
                    var one = FusedCase(
                        nodes: shape.nodes, lanes: shape.lanes, hidden: hidden,
                        tokens: (0..<shape.nodes).map { _ in generator.pick([0, 1, 3, 40, 700 / (number + 1)]) })
                    one.choices = generator.pick([1, 2, 5, 8])
                    one.experts = Swift.max(shape.nodes, generator.pick([4, 8, 31]))
                    one.spread = spread
                    one.algorithm = algorithm
                    one.options.deduplicates = generator.below(2) == 0
                    one.options.slicing = generator.pick([.hidden, .tokens])
                    one.options.weightsResults = generator.below(4) > 0
                    one.options.pieces = generator.pick([1, 3, 16])
                    one.seed = generator.next() & 0xffff
                    cases.append(one)
                }
            }
            try await check(cases, shape, seed)
        }

        /// Choices that are not made, of some tokens all of them.
        @Test(arguments: [(1, 1), (1, 2), (2, 1), (2, 2), (4, 1), (4, 2)], algorithms)
        func absentChoices(shape: (nodes: Int, lanes: Int), algorithm: String) async throws {
            let seed = UInt64.random(in: 0..<1 << 32)
            var generator = Generator(seed: seed)
            let cases = [5, 40, 90, 100].map { absent in
                var one = FusedCase(
                    nodes: shape.nodes, lanes: shape.lanes, hidden: generator.pick([3, 64, 100]),
                    tokens: (0..<shape.nodes).map { _ in generator.pick([0, 1, 20, 300]) })
                one.absent = absent
                one.choices = generator.pick([1, 3, 8])
                one.spread = generator.pick(FusedCase.Spread.allCases)
                one.algorithm = algorithm
                one.options.deduplicates = generator.below(2) == 0
                one.options.slicing = generator.pick([.hidden, .tokens])
                one.options.weightsResults = generator.below(2) == 0
                one.seed = generator.next() & 0xffff
                return one
            }
            try await check(cases, shape, seed)
        }

        /// Nodes that are parts of one machine: messages between them go through shared memory.
        @Test(arguments: [(2, 2), (3, 1), (2, 4)], algorithms)
        func insideOneMachine(shape: (nodes: Int, lanes: Int), algorithm: String) async throws {
            var one = FusedCase(
                nodes: shape.nodes, lanes: shape.lanes, hidden: 96, tokens: (0..<shape.nodes).map { 50 + 300 * $0 })
            one.algorithm = algorithm
            one.choices = 4
            try await check([one, one], shape, 0, machines: 1)
        }

        /// Rounded on the way: to bf16, or to e4m3 with scales.
        @Test(arguments: algorithms)
        func wireFormats(algorithm: String) async throws {
            for (format, tolerance) in [(DispatchOptions.WireFormat.bfloat16, 0x1p-7), (.float8, 0x1p-4)] {
                for slicing in DispatchOptions.Slicing.allCases {
                    var one = FusedCase(nodes: 2, lanes: 2, hidden: 300, tokens: [130, 45])
                    one.algorithm = algorithm
                    one.options = DispatchOptions(
                        slicing: slicing, dispatchFormat: format, combineFormat: format == .float8 ? .input : .bfloat16)
                    try await check([one], (2, 2), 0, tolerance: tolerance, exactRows: false)
                }
            }
        }

        private func check(
            _ cases: [FusedCase], _ shape: (nodes: Int, lanes: Int), _ seed: UInt64, machines: Int? = nil,
            tolerance: Double = 1e-6, exactRows: Bool = true
        ) async throws {
            let ranks = shape.nodes * shape.lanes
            let results = try await withWorld(ranks, nodes: machines ?? shape.nodes) { world in
                if machines != nil {
                    try world.use(grid: Topology(nodeCount: shape.nodes, ranksPerNode: shape.lanes))
                }
                return try cases.map { one in
                    do {
                        let once = try one.run(on: world, tolerance: tolerance, exactRows: exactRows)
                        let again = try one.run(on: world, tolerance: tolerance, exactRows: exactRows)
                        guard once == again else { throw Wrong("another run gave other bits") }
                        return once
                    } catch let wrong as Wrong {
                        throw Wrong("\(one.testDescription): \(wrong)")
                    }
                }
            }
            let outputs = succeeding(results, "seed \(seed)")
            guard outputs.count == ranks else { return }
            for rank in 0..<ranks {
                #expect(outputs[rank] == outputs[rank / shape.lanes * shape.lanes], "lanes differ, seed \(seed)")
            }
        }

        @Test(arguments: shapes, Algorithm.all(for: .fusedAllReduceAllToAll).map(\.name) + [""])
        func allReduceAllToAll(shape: (nodes: Int, lanes: Int), algorithm: String) async throws {
            let results = try await withWorld(shape.nodes * shape.lanes, nodes: shape.nodes) { world in
                try world.use(algorithm: algorithm.isEmpty ? nil : algorithm, for: .fusedAllReduceAllToAll)
                let node = world.grid.node(of: world.rank)
                func value(_ rank: Int, _ block: Int, _ index: Int) -> Int32 {
                    Int32(rank * 1000 + block * 100 + index % 97)
                }
                for count in [0, 1, 5, 300, 70_000] {
                    for isShared in [true, false] {
                        var input = try world.allocate(Int32.self, count: count * shape.nodes)
                        var output = try world.allocate(Int32.self, count: count * shape.nodes)
                        for block in 0..<shape.nodes {
                            for index in 0..<count { input[block * count + index] = value(world.rank, block, index) }
                        }
                        var plain = (0..<input.count).map { input[$0] }
                        if isShared {
                            try world.allReduceAllToAll(input, into: &output)
                        } else {
                            let copied = plain
                            try world.allReduceAllToAll(copied, into: &plain)
                        }
                        for source in 0..<shape.nodes {
                            for index in 0..<count {
                                let right = world.grid.nodes[source].reduce(0) { $0 + value($1, node, index) }
                                let found = isShared ? output[source * count + index] : plain[source * count + index]
                                guard found == right else {
                                    throw Wrong("\(count) elements, block \(source)[\(index)]: \(found), not \(right)")
                                }
                            }
                        }
                    }
                }
            }
            succeeding(results)
        }
    }
}
