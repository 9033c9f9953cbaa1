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

        /// Sums of bf16 rows are float32 until the node's are complete: rounded once for the wire, and once at the end.
        @Test(arguments: [(1, 1), (1, 2), (1, 4), (2, 1), (2, 2)], algorithms)
        func bfloat16IsRoundedOnce(shape: (nodes: Int, lanes: Int), algorithm: String) async throws {
            let seed = UInt64.random(in: 0..<1 << 32)
            let (tokens, hidden, choices, experts) = (40, 33, 8, 16)
            let results = try await withWorld(shape.nodes * shape.lanes, nodes: shape.nodes) { world in
                try world.use(algorithm: algorithm, for: .fusedDispatch)
                try world.use(algorithm: algorithm, for: .fusedCombine)
                let (node, lane) = (world.grid.node(of: world.rank), world.grid.lane(of: world.rank))
                func number(_ words: Int...) -> Float {
                    let bits = words.reduce(seed) { mix($0 &+ UInt64($1)) }
                    return Float(bits % 4001) / 1000 - 2
                }
                var routing = Routing(experts: [], weights: [], choices: choices)
                for choice in 0..<tokens * choices {
                    // All different, so that a token's choice is known by its expert.
                    routing.experts.append(Int32((choice / choices + 5 * (choice % choices)) % experts))
                    routing.weights.append(number(node, choice))
                }
                // What a lane makes of an expert's row, whatever came.
                func partial(_ source: Int, _ token: Int, _ expert: Int, _ lane: Int, _ column: Int) -> BFloat16 {
                    BFloat16(number(source, token, expert, lane, column))
                }
                let rows = (0..<tokens * hidden).map { BFloat16(Float($0 / hidden)) }
                let placement = (0..<experts).map { Int32($0 % shape.nodes) }
                let dispatched = try world.dispatch(rows, hidden: hidden, routing: routing, placement: placement)
                var partials = try world.allocate(BFloat16.self, count: dispatched.choiceCount * hidden)
                for (index, expert) in dispatched.experts.enumerated() {
                    for choice in dispatched.choices(ofExpertAt: index) {
                        let row = Int(dispatched.choiceRows[choice])
                        let source = (0..<shape.nodes).first { dispatched.rows(fromNode: $0).contains(row) }!
                        let token = Int(Float(dispatched.rows[row * hidden]))
                        for column in 0..<hidden {
                            partials[choice * hidden + column] = partial(source, token, expert, lane, column)
                        }
                    }
                }
                var output = Array(repeating: BFloat16(.nan), count: tokens * hidden)
                try world.combine(partials, dispatched, into: &output)

                for index in 0..<tokens * hidden {
                    let (token, column) = (index / hidden, index % hidden)
                    func sum(onNode other: Int) -> Float {
                        var sum: Float = 0
                        for choice in token * choices..<(token + 1) * choices {
                            let expert = Int(routing.experts[choice])
                            guard placement[expert] == other else { continue }
                            for lane in 0..<shape.lanes {
                                let product =
                                    routing.weights[choice] * Float(partial(node, token, expert, lane, column))
                                sum += product
                            }
                        }
                        return sum
                    }
                    var right = sum(onNode: node)
                    for other in 0..<shape.nodes where other != node { right += Float(BFloat16(sum(onNode: other))) }
                    let (found, rounded) = (output[index], BFloat16(right))
                    guard found == rounded else {
                        throw Wrong("output \(index) is \(Float(found)) and should be \(Float(rounded))")
                    }
                }
            }
            succeeding(results, "seed \(seed)")
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
                    for memory in ["shared", "plain", "the same"] {
                        var input = try world.allocate(Int32.self, count: count * shape.nodes)
                        var output = try world.allocate(Int32.self, count: count * shape.nodes)
                        for block in 0..<shape.nodes {
                            for index in 0..<count { input[block * count + index] = value(world.rank, block, index) }
                        }
                        var plain = (0..<input.count).map { input[$0] }
                        switch memory {
                        case "shared": try world.allReduceAllToAll(input, into: &output)
                        case "plain":
                            let copied = plain
                            try world.allReduceAllToAll(copied, into: &plain)
                        default:
                            let count = input.count
                            try input.withMutableCollectiveMemory { start throws(CollectiveError) in
                                var both = UnsafeMutableBufferPointer(
                                    start: start?.assumingMemoryBound(to: Int32.self), count: count)
                                try world.allReduceAllToAll(UnsafeBufferPointer(both), into: &both)
                            }
                        }
                        for source in 0..<shape.nodes {
                            for index in 0..<count {
                                let right = world.grid.nodes[source].reduce(0) { $0 + value($1, node, index) }
                                let place = source * count + index
                                let found =
                                    switch memory {
                                    case "shared": output[place]
                                    case "plain": plain[place]
                                    default: input[place]
                                    }
                                guard found == right else {
                                    throw Wrong(
                                        "\(memory), \(count) elements, block \(source)[\(index)]: \(found), not \(right)"
                                    )
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
