import Foundation
import MixCollectives
import MixMoE
import MixPlanner

/// One case of a fixture on all ranks: every group of ranks with the same tokens takes a share of them.
struct LayerCase<Element: ExpertElement> {
    private let name: String
    private let moe: MoELayer
    private let world: Communicator
    private let input: [Float]
    private let wanted: [Float]
    private let experts: [Int64]
    private let weights: [Float]
    private let tolerance: Float

    /// Reads the case.
    ///
    /// - Throws: `MoEError`, naming a tensor that is missing, or of another shape or type.
    init(_ name: String, _ fixture: Fixture, _ moe: MoELayer, _ world: Communicator) throws(MoEError) {
        self.name = name
        self.moe = moe
        self.world = world
        let isRounded = name.hasSuffix(".bf16")
        let (hidden, choices) = (moe.spec.hidden, moe.spec.experts.choices)
        let rows = try fixture.tensor("\(name).hidden_states", width: hidden)
        let tokens = rows.shape[0]
        input = try rows.floats()
        wanted = try fixture.tensor(
            isRounded ? "\(name).output_exact" : "\(name).output", tokens: tokens, width: hidden
        ).floats()
        experts = try fixture.tensor("\(name).selected_experts", tokens: tokens, width: choices).integers()
        weights = try fixture.tensor("\(name).routing_weights", tokens: tokens, width: choices).floats()
        tolerance = isRounded ? 1e-2 : 1e-5
    }

    func run() throws -> Verdict {
        let hidden = moe.spec.hidden
        let tokens = input.count / hidden
        // Shares differ by one token where they can't be equal, and may be empty.
        let (group, groups) = (moe.tokenGroup, moe.strategy.attention.data)
        let own = tokens * group / groups..<tokens * (group + 1) / groups
        let rows = input[own.lowerBound * hidden..<own.upperBound * hidden].map { Element($0) }
        var output = [Element](repeating: Element(0), count: rows.count)
        try moe.forward(rows, into: &output)
        // Once more, now that all memory is there: the time of the stages.
        try moe.forward(rows, into: &output)

        var greatest: Float = 0
        for (index, element) in output.enumerated() {
            let difference = abs(element.float - wanted[own.lowerBound * hidden + index])
            greatest = difference.isNaN ? .infinity : max(greatest, difference)
        }
        let isSame = sameChoices(own)
        var worst = [greatest, isSame ? 0 : 1]
        try world.allReduce(&worst, .max)
        var times = [moe.times.router, moe.times.dispatch, moe.times.experts, moe.times.combine].map {
            $0 / .microseconds(1)
        }
        try world.allReduce(&times, .max)
        let scale = wanted.reduce(Float(1e-30)) { max($0, abs($1)) }
        return Verdict(
            name: name, error: worst[0] / scale, tolerance: tolerance, expertsAreEqual: worst[1] == 0,
            microseconds: times)
    }

    /// Whether the experts of each token, in any order, are the reference's, with its weights.
    private func sameChoices(_ own: Range<Int>) -> Bool {
        let chosen = moe.choices
        let k = chosen.choices
        // The reference rounds weights as its type does.
        let tolerance: Float = Element.self == BFloat16.self ? 2e-2 : 1e-5
        let most = weights.reduce(Float(1e-30)) { max($0, abs($1)) }
        return own.enumerated().allSatisfy { index, token in
            let mine = (0..<k).map { (Int64(chosen.experts[index * k + $0]), chosen.weights[index * k + $0]) }
                .sorted { $0.0 < $1.0 }
            let theirs = (0..<k).map { (experts[token * k + $0], weights[token * k + $0]) }.sorted { $0.0 < $1.0 }
            return zip(mine, theirs).allSatisfy { $0.0 == $1.0 && abs($0.1 - $1.1) <= tolerance * most }
        }
    }
}
