import MixCollectives

extension Player {
    private static let hidden = 96
    private static let choices = 3

    /// Six experts in turn on the nodes; token t of a node chooses three in a row, of which every fifth choice is not made,
    /// and token 7 none. All lanes of a node say the same.
    private func route(tokens: Int) -> (routing: Routing, placement: [Int32]) {
        let nodes = world.grid.nodeCount
        let experts = (0..<tokens * Self.choices).map { choice in
            let token = choice / Self.choices
            return choice % 5 == 4 || token == 7 ? Routing.none : Int32((token + choice % Self.choices) % 6)
        }
        let weights = experts.map { Float($0 + 1) / 4 }
        return (
            Routing(experts: experts, weights: weights, choices: Self.choices), (0..<6).map { Int32($0 % nodes) }
        )
    }

    private func rows(tokens: Int, node: Int) -> [Float] {
        (0..<tokens * Self.hidden).map { Float($0 % 7 + node) }
    }

    func dispatch(tokens: Int) throws(CollectiveError) -> Dispatched<Float> {
        let (routing, placement) = route(tokens: tokens)
        return try world.dispatch(
            rows(tokens: tokens, node: world.grid.node(of: world.rank)), hidden: Self.hidden, routing: routing,
            placement: placement)
    }

    /// Every expert returns what it gets, lane by lane: a token comes back as often as there are lanes, by its weights.
    func combine(_ dispatched: borrowing Dispatched<Float>, tokens: Int) throws(CollectiveError) {
        var partials = try world.allocate(Float.self, count: dispatched.choiceCount * Self.hidden)
        for (choice, row) in dispatched.choiceRows.enumerated() {
            for column in 0..<Self.hidden {
                partials[choice * Self.hidden + column] = dispatched.rows[Int(row) * Self.hidden + column]
            }
        }
        let node = world.grid.node(of: world.rank)
        let given = rows(tokens: tokens, node: node)
        var output = given
        try world.combine(partials, dispatched, into: &output)
        let routing = route(tokens: tokens).routing
        let lanes = Float(world.grid.nodes[node].count)
        for index in output.indices {
            let token = index / Self.hidden
            let weight = (token * Self.choices..<(token + 1) * Self.choices).reduce(Float(0)) { sum, choice in
                routing.experts[choice] == Routing.none ? sum : sum + routing.weights[choice]
            }
            guard output[index] != given[index] * weight * lanes else { continue }
            return report("wrong: combined element \(index) is \(output[index]), not \(given[index] * weight * lanes)")
        }
    }

    /// The fused collectives, by every algorithm.
    func checkFused() throws(CollectiveError) {
        for name in ["fused", "sequential", "unfused"] {
            for operation in [Operation.fusedDispatch, .fusedCombine, .fusedAllReduceAllToAll] {
                try world.use(algorithm: name, for: operation)
            }
            for tokens in [0, 1, 40, 2000] {
                try combine(try dispatch(tokens: tokens), tokens: tokens)
                try exchange(count: tokens * 10)
            }
        }
    }

    private func exchange(count: Int) throws(CollectiveError) {
        let (nodes, node) = (world.grid.nodeCount, world.grid.node(of: world.rank))
        let input = (0..<count * nodes).map { Int32(world.rank * 100 + $0 / Swift.max(1, count) * 10 + $0 % 7) }
        var output = input
        try world.allReduceAllToAll(input, into: &output)
        for source in 0..<nodes {
            let mates = world.grid.nodes[source]
            for index in 0..<count {
                let right = mates.reduce(0) { $0 + Int32($1 * 100 + node * 10 + (node * count + index) % 7) }
                guard output[source * count + index] != right else { continue }
                return report("wrong: element \(index) from node \(source) is \(output[source * count + index])")
            }
        }
    }
}
