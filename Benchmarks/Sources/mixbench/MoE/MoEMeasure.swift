import MixCollectives
import MixMoE
import MixPlanner

/// Times calls of layers on all ranks.
struct MoEMeasure<Element: ExpertElement> {
    private let layers: [MoELayer]
    private let tokens: Int
    private let world: Communicator
    /// Different rows in turn, so that decode does not find the same experts in the caches.
    private var inputs: [[Element]] = []
    private var output: [Element]

    /// Measures `layers`, one after the other, at one number of tokens. Collective.
    ///
    /// - Parameter likeness: how much the tokens of one input have in common, as those of a text do, so that experts get unequal
    ///   loads; 0 for none.
    static func run(
        _ layers: [MoELayer], tokens: Int, world: Communicator, seconds: Double, likeness: Float = 0.45
    ) throws -> MoERow {
        var measure = MoEMeasure(layers, tokens: tokens, world: world, likeness: likeness)
        return try measure.run(seconds: seconds)
    }

    private init(_ layers: [MoELayer], tokens: Int, world: Communicator, likeness: Float) {
        self.layers = layers
        self.tokens = tokens
        self.world = world
        let hidden = layers[0].spec.hidden
        let (group, groups) = (layers[0].tokenGroup, layers[0].strategy.attention.data)
        let own = tokens * (group + 1) / groups - tokens * group / groups
        for input in 0..<(tokens < 16 ? max(4, 64 / tokens) : 4) {
            // The same on all ranks of a group.
            var generator = SeededGenerator(seed: UInt64(input + 1))
            let common = (0..<hidden).map { _ in Float.random(in: -1...1, using: &generator) }
            for _ in 0..<tokens * group / groups * hidden { _ = Float.random(in: -1...1, using: &generator) }
            inputs.append(
                (0..<own * hidden).map {
                    Element(0.9 * Float.random(in: -1...1, using: &generator) + likeness * common[$0 % hidden])
                })
        }
        output = Array(repeating: Element(0), count: own * hidden)
    }

    private mutating func run(seconds: Double) throws -> MoERow {
        let hidden = layers[0].spec.hidden
        var experts = 0
        for input in inputs {
            for layer in layers { try layer.forward(input, into: &output) }
            experts += try distinctExperts(input.count / hidden)
        }
        var samples: [[Double]] = Array(repeating: [], count: 5)
        var (calls, spent) = (0, 0.0)
        repeat {
            try world.barrier()
            let begin = Clock.now()
            var times = StageTimes()
            for layer in layers {
                try layer.forward(inputs[calls % inputs.count], into: &output)
                times += layer.times
            }
            var call = [Double(Clock.now() - begin) * 1e-9]
            // All ranks make the same number of calls.
            try world.allReduce(&call, .max)
            for (index, stage) in [times.router, times.dispatch, times.experts, times.combine].enumerated() {
                samples[index].append(stage / .seconds(1))
            }
            samples[4].append(call[0])
            calls += 1
            spent += call[0]
        } while spent < seconds || calls < 3
        var medians = samples.map { $0.sorted()[$0.count / 2] }
        try world.allReduce(&medians, .max)
        let spec = layers[0].spec
        let touched = Double(experts) / Double(inputs.count)
        return MoERow(
            tokens: tokens, experts: touched, calls: calls, stages: Array(medians[..<4]), total: medians[4],
            bytes: Double(layers.count) * layers[0].bytes(experts: touched), layers: layers.count, hidden: spec.hidden)
    }

    /// How many experts any token of any rank has chosen in the last call.
    private func distinctExperts(_ tokens: Int) throws -> Int {
        let layer = layers[0]
        var isChosen = [Int32](repeating: 0, count: layer.spec.experts.count)
        for expert in layer.choices.experts { isChosen[Int(expert)] = 1 }
        try world.allReduce(&isChosen, .max)
        return isChosen.reduce(0) { $0 + Int($1) }
    }
}
