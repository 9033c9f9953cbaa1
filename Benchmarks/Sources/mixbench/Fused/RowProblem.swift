import MixCollectives

/// The rows that nodes exchange: a router's choice, the same on all ranks, of which every rank knows every other's part.
struct RowProblem: Sendable {
    var nodes: Int
    var lanes: Int
    /// Tokens per node.
    var tokens: Int
    var hidden: Int
    var experts: Int
    var choices: Int
    var options: DispatchOptions

    /// Experts in equal runs.
    var placement: [Int32] { (0..<experts).map { Int32($0 * nodes / experts) } }

    /// Every token chooses k different experts at random.
    func routing(of node: Int) -> Routing {
        var state = UInt64(node + 1)
        func next(_ bound: Int) -> Int {
            state &+= 0x9e37_79b9_7f4a_7c15
            return Int(Self.mix(state) % UInt64(bound))
        }
        var order = (0..<Int32(experts)).map { $0 }
        var chosen: [Int32] = []
        var weights: [Float] = []
        for _ in 0..<tokens {
            for choice in 0..<choices {
                order.swapAt(choice, choice + next(experts - choice))
                chosen.append(order[choice])
                weights.append(Float(1 + next(1024)) / 1024)
            }
        }
        return Routing(experts: chosen, weights: weights, choices: choices)
    }

    /// The tokens of the rows that one node sends to another, in order.
    func rows(from source: Int, to node: Int) -> [Int] {
        let (routing, placement) = (routing(of: source), placement)
        return (0..<tokens).flatMap { token in
            let there = routing.experts[token * choices..<(token + 1) * choices].count { placement[Int($0)] == node }
            return Array(repeating: token, count: options.deduplicates ? min(there, 1) : there)
        }
    }

    /// An element of a token's row: one of 255 values, which every type of rows has.
    @inline(__always)
    static func element(_ node: Int, _ token: Int, _ column: Int) -> Float {
        let row = UInt64(truncatingIfNeeded: node &* 0x1_0000_0000 &+ token) &* 0xd1b5_4a32_d192_ed03
        let bits = (row ^ UInt64(truncatingIfNeeded: column)) &* 0x9e37_79b9_7f4a_7c15
        return Float(Int((bits >> 40) % 255) - 127) / 128
    }

    /// What a lane's share of an expert multiplies an element by: powers of two, so that results are exact.
    static func share(expert: Int, lane: Int) -> Float { Float(1 << (expert % 3)) / Float(1 << (lane % 4)) }

    private static func mix(_ value: UInt64) -> UInt64 {
        var bits = value
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }
}
