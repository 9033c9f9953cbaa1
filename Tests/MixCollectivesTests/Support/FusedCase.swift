import MixCollectives
import MixSchedule
import Testing

/// One way to dispatch and combine, with what should come of it.
///
/// Every rank can work out every node's tokens, so that each checks what it got against the definition.
struct FusedCase: Sendable, CustomTestStringConvertible {
    enum Spread: Sendable, CaseIterable { case random, allToOneNode, oneNodePerToken }

    var nodes: Int
    var lanes: Int
    var hidden: Int
    /// By node.
    var tokens: [Int]
    var choices = 2
    var experts = 8
    var spread = Spread.random
    /// Of so many choices in a hundred there is none; of as many tokens none at all.
    var absent = 0
    var options = DispatchOptions()
    var algorithm = "fused"
    var seed: UInt64 = 1

    var testDescription: String {
        "\(nodes) × \(lanes), hidden \(hidden), tokens \(tokens), k \(choices) of \(experts), \(spread), "
            + "\(absent) % absent, \(algorithm), \(options), seed \(seed)"
    }

    /// Experts in turn, or at random.
    var placement: [Int32] { (0..<experts).map { Int32($0 % nodes) } }

    func row(_ node: Int, _ token: Int) -> [Float] {
        var generator = Generator(seed: seed &* 31 &+ UInt64(node * 100_003 + token))
        return (0..<hidden).map { _ in Float(generator.below(2001) - 1000) / 1000 }
    }

    func routing(_ node: Int) -> Routing {
        var generator = Generator(seed: seed &* 77 &+ UInt64(node))
        var chosen: [Int32] = []
        var weights: [Float] = []
        for _ in 0..<tokens[node] {
            let home = generator.below(nodes)
            let isAbsent = absent > 0 && generator.below(100) < absent
            for _ in 0..<choices {
                let any = generator.below(experts)
                let expert =
                    switch spread {
                    case .random: any
                    case .allToOneNode: any / nodes * nodes
                    case .oneNodePerToken: any / nodes * nodes + home
                    }
                if isAbsent || absent > 0 && generator.below(100) < absent {
                    chosen.append(Routing.none)
                    weights.append(.nan)
                } else {
                    chosen.append(Int32(Swift.min(expert, experts - 1)))
                    weights.append(Float(generator.below(1000)) / 1000)
                }
            }
        }
        return Routing(experts: chosen, weights: weights, choices: choices)
    }

    /// What a lane's share of an expert makes of an element: the results are sums over lanes.
    func partial(_ value: Float, expert: Int, lane: Int) -> Float {
        value * Float(expert + 1) * 0.25 + Float(lane * lanes + expert % 3) * 0.125
    }

    struct Expected {
        var source: Int
        var token: Int
        var choices: [(expert: Int, weight: Float)]
    }

    /// The rows that a node gets, in order.
    func expectedRows(_ node: Int) -> [Expected] {
        var result: [Expected] = []
        for source in 0..<nodes {
            let routing = routing(source)
            for token in 0..<tokens[source] {
                var row = Expected(source: source, token: token, choices: [])
                for choice in token * choices..<(token + 1) * choices {
                    let expert = Int(routing.experts[choice])
                    guard expert >= 0, Int(placement[expert]) == node else { continue }
                    row.choices.append((expert, routing.weights[choice]))
                    if !options.deduplicates {
                        result.append(row)
                        row.choices = []
                    }
                }
                if !row.choices.isEmpty { result.append(row) }
            }
        }
        return result
    }

    /// What the combine should give, in double precision, and the greatest sum of magnitudes: what errors are relative to,
    /// because terms may cancel.
    func expectedOutput(_ node: Int) -> (values: [Double], scale: Double) {
        let routing = routing(node)
        var values: [Double] = []
        var scale = 0.0
        for token in 0..<tokens[node] {
            for value in row(node, token) {
                var (sum, magnitude) = (0.0, 0.0)
                for choice in token * choices..<(token + 1) * choices where routing.experts[choice] >= 0 {
                    for lane in 0..<lanes {
                        let expert = Int(routing.experts[choice])
                        let weight = options.weightsResults ? Double(routing.weights[choice]) : 1
                        let term = weight * Double(partial(value, expert: expert, lane: lane))
                        sum += term
                        magnitude += abs(term)
                    }
                }
                values.append(sum)
                scale = Swift.max(scale, magnitude)
            }
        }
        return (values, scale)
    }

    /// Runs on this rank, checks all of it, and returns the bits of the output.
    func run(on world: Communicator, tolerance: Double = 1e-6, exactRows: Bool = true) throws -> [UInt32] {
        let (node, lane) = (world.grid.node(of: world.rank), world.grid.lane(of: world.rank))
        try world.use(algorithm: algorithm, for: .fusedDispatch)
        try world.use(algorithm: algorithm, for: .fusedCombine)
        let input = (0..<tokens[node]).flatMap { row(node, $0) }
        let dispatched = try world.dispatch(
            input, hidden: hidden, routing: routing(node), placement: placement, options: options)

        let expected = expectedRows(node)
        guard dispatched.rowCount == expected.count else {
            throw Wrong("\(dispatched.rowCount) rows instead of \(expected.count)")
        }
        for (index, row) in expected.enumerated() where exactRows {
            let right = self.row(row.source, row.token)
            for column in 0..<hidden where dispatched.rows[index * hidden + column] != right[column] {
                throw Wrong(
                    "row \(index) (token \(row.token) of node \(row.source)), column \(column) is "
                        + "\(dispatched.rows[index * hidden + column]) and should be \(right[column])")
            }
        }
        var found: [Int: [(expert: Int, weight: Float)]] = [:]
        for (index, expert) in dispatched.experts.enumerated() {
            for choice in dispatched.choices(ofExpertAt: index) {
                found[Int(dispatched.choiceRows[choice]), default: []].append(
                    (expert, dispatched.choiceWeights[choice]))
            }
        }
        for (index, row) in expected.enumerated() {
            let (one, other) = (found[index, default: []], row.choices.sorted { $0.expert < $1.expert })
            guard one.map(\.expert) == other.map(\.expert),
                one.map(\.weight).sorted() == other.map(\.weight).sorted()
            else { throw Wrong("row \(index) is for \(one) and should be for \(other)") }
        }

        var partials = try world.allocate(Float.self, count: dispatched.choiceCount * hidden)
        for (index, expert) in dispatched.experts.enumerated() {
            for choice in dispatched.choices(ofExpertAt: index) {
                let first = Int(dispatched.choiceRows[choice]) * hidden
                for column in 0..<hidden {
                    partials[choice * hidden + column] = partial(
                        dispatched.rows[first + column], expert: expert, lane: lane)
                }
            }
        }
        var output = Array(repeating: Float.nan, count: input.count)
        try world.combine(partials, dispatched, into: &output)
        let (right, scale) = expectedOutput(node)
        for (index, value) in right.enumerated() where !(abs(Double(output[index]) - value) <= tolerance * scale) {
            throw Wrong("output \(index) is \(output[index]) and should be \(value)")
        }
        return output.map(\.bitPattern)
    }
}
