import Decoder
import MixCollectives
import MixMoE
import MixPlanner
import Testing

/// Whole models beside the reference's logits and greedy tokens. One after the other: ranks already outnumber the cores.
@Suite(.serialized) struct DecoderModelTests {
    /// Every strategy of 1 to 4 ranks on 1 to 4 nodes, with the full set of fixtures; with the repository's, those
    /// with tensor parallelism inside, and most of the nodes.
    @Test(
        arguments: ModelFixture.all,
        [(1, 1), (2, 1), (2, 2), (3, 3), (4, 2)] + (ModelFixture.isFullSet ? [(4, 1), (4, 4)] : []))
    func float32(_ fixture: ModelFixture, _ shape: (ranks: Int, nodes: Int)) async throws {
        let strategies = fixture.spec.strategies(shape.ranks)
        #expect(shape.ranks == 3 ? !strategies.isEmpty : strategies.count >= shape.ranks)
        let results = try await withWorld(shape.ranks, nodes: shape.nodes) { world in
            for strategy in strategies {
                try Check(fixture, strategy, world, .float32).run(tolerance: 1e-4, mayStray: [])
            }
        }
        for case .failure(let error) in results { Issue.record(error) }
    }

    /// bfloat16 of checkpoints that are stored in it. Rounding may give a token another expert where two are all but tied, which
    /// some strategies' sums make it do: then its logits are those of the other choice. Still all choose the same tokens.
    @Test(
        arguments: ModelFixture.all.filter { $0.bfloat16Logits != nil },
        [(1, 1), (2, 2)] + (ModelFixture.isFullSet ? [(4, 2)] : []))
    func bfloat16(_ fixture: ModelFixture, _ shape: (ranks: Int, nodes: Int)) async throws {
        let results = try await withWorld(shape.ranks, nodes: shape.nodes) { world in
            for strategy in fixture.spec.strategies(shape.ranks) {
                try Check(fixture, strategy, world, .bfloat16).run(tolerance: 2e-2, mayStray: fixture.nearTies)
            }
        }
        for case .failure(let error) in results { Issue.record(error) }
    }

    /// Tokens that attend to themselves alone are like those of sequences of one token; a window as long as the prompt changes
    /// nothing.
    @Test func slidingWindows() async throws {
        let fixture = try #require(ModelFixture.all.first { $0.name == "qwen3_moe_model" })
        let prompt = fixture.prompt
        func logits(window: Int, alone: Bool) async throws -> [Float] {
            let windowed = try ChangedCheckpoint(of: fixture, window: window)
            let results = try await withWorld(1) { world in
                let model = try DecoderModel(
                    ModelWeights(Checkpoint(at: windowed.path)), strategy: Strategy("TP=1"), world: world,
                    options: DecoderOptions(context: prompt.count, sequences: prompt.count, threads: 1))
                defer { model.close() }
                var batch = Batch()
                if alone {
                    for (slot, token) in prompt.enumerated() { batch.append(slot: slot, tokens: [token]) }
                } else {
                    batch.append(slot: 0, tokens: prompt)
                }
                return try model.logits(batch)
            }
            return try results[0].get()
        }
        func difference(_ one: [Float], _ other: [Float]) -> Float {
            zip(one, other).reduce(one.count == other.count ? 0 : .infinity) { max($0, abs($1.0 - $1.1)) }
        }
        let narrow = try await logits(window: 1, alone: false)
        #expect(difference(narrow, try await logits(window: prompt.count, alone: true)) < 1e-4)
        #expect(difference(narrow, fixture.logits) > 0.1)
        #expect(difference(try await logits(window: prompt.count, alone: false), fixture.logits) < 1e-3)
        #expect(difference(try await logits(window: prompt.count - 1, alone: false), fixture.logits) > 1e-3)
    }
}

/// One model on one rank, by one strategy.
struct Check {
    let fixture: ModelFixture
    let strategy: Strategy
    let world: Communicator
    let precision: DecoderOptions.Precision

    init(
        _ fixture: ModelFixture, _ strategy: Strategy, _ world: Communicator, _ precision: DecoderOptions.Precision
    ) {
        (self.fixture, self.strategy, self.world, self.precision) = (fixture, strategy, world, precision)
    }

    struct Wrong: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameter mayStray: tokens whose logits may lie outside the tolerance.
    func run(tolerance: Float, mayStray: Set<Int>) throws {
        let model = try fixture.model(strategy, world, precision)
        defer { model.close() }
        let groups = strategy.attention.data
        // Each group in turn has the prompt, and the others nothing.
        for turn in 0..<min(groups, 2) {
            let isBusy = model.group == turn
            let logits = try model.logits(isBusy ? Batch(slot: 1, tokens: fixture.prompt) : Batch())
            if isBusy, model.isLastStage {
                let errors = errors(logits)
                guard errors.indices.allSatisfy({ errors[$0] <= tolerance || mayStray.contains($0) }) else {
                    throw wrong("logits of group \(turn) differ by \(errors)")
                }
            }
            model.clear(slot: 1)
        }
        try generate(model)
        if strategy.pipeline > 1 { try generateTwice(model) }
    }

    /// Of each token, the largest difference over the largest of all logits.
    private func errors(_ found: [Float]) -> [Float] {
        let (wanted, vocabulary) = (fixture.logits, fixture.spec.vocabulary)
        guard found.count == wanted.count else { return fixture.prompt.map { _ in .infinity } }
        let scale = wanted.reduce(Float(1e-30)) { max($0, abs($1)) }
        return fixture.prompt.indices.map { token in
            (token * vocabulary..<(token + 1) * vocabulary).reduce(Float(0)) {
                let difference = abs(found[$1] - wanted[$1]) / scale
                return difference.isNaN ? .infinity : max($0, difference)
            }
        }
    }

    /// All groups generate, one a step later than the other, and group 0 with half of the prompt before the other half.
    private func generate(_ model: DecoderModel) throws {
        let (prompt, count) = (fixture.prompt, fixture.generated.count)
        var steps: [[Int]] = [Array(prompt[..<(prompt.count / 2)]), Array(prompt[(prompt.count / 2)...])]
        if model.group > 0 { steps = Array(repeating: [], count: model.group % 2) + [prompt] }
        var generated: [Int] = []
        for step in 0..<count + 2 {
            var batch = Batch()
            if step < steps.count {
                if !steps[step].isEmpty { batch.append(slot: 0, tokens: steps[step]) }
            } else if generated.count < count {
                batch.append(slot: 0, tokens: [generated.last!])
            }
            let next = try model.step(batch)
            guard next.count == batch.parts.count else { throw wrong("\(next.count) tokens for one sequence") }
            if step + 1 >= steps.count { generated += next }
        }
        generated = Array(generated.prefix(count))
        guard generated == fixture.generated else { throw wrong("\(generated) instead of \(fixture.generated)") }
    }

    /// Two sequences in turn, of which one is always under way while the other one's step ends.
    private func generateTwice(_ model: DecoderModel) throws {
        let slots = 0..<2
        for slot in slots {
            model.clear(slot: slot)
            try model.start(Batch(slot: slot, tokens: fixture.prompt))
        }
        var generated: [[Int]] = [[], []]
        for step in fixture.generated.indices {
            for slot in slots {
                let next = try model.finish()
                generated[slot] += next
                if step + 1 < fixture.generated.count { try model.start(Batch(slot: slot, tokens: next)) }
            }
        }
        for found in generated where found != fixture.generated {
            throw wrong("\(found) instead of \(fixture.generated), one of two")
        }
    }

    private func wrong(_ text: String) -> Wrong {
        Wrong(description: "\(fixture.name), \(strategy), \(precision), rank \(world.rank): \(text)")
    }
}

extension ModelSpec {
    /// All strategies that a number of ranks has for this model: attention with fewer, as many or more groups than experts
    /// have parts, either level inside, in one stage and in more.
    func strategies(_ ranks: Int) -> [Strategy] {
        let pipelines = (1...ranks).filter { ranks.isMultiple(of: $0) }
        return pipelines.flatMap { strategies(ranks, pipeline: $0) }
    }

    private func strategies(_ ranks: Int, pipeline: Int) -> [Strategy] {
        let stage = ranks / pipeline
        let degrees = (1...stage).filter { stage.isMultiple(of: $0) }
        var found: [Strategy] = []
        for tensor in degrees {
            for data in degrees where stage.isMultiple(of: tensor * data) {
                for cut in degrees {
                    for expert in degrees where stage.isMultiple(of: cut * expert) {
                        for isInside in ModelFixture.isFullSet ? [true, false] : [true] {
                            guard
                                let strategy = try? Strategy(
                                    attention: Strategy.Attention(tensor: tensor, data: data, tensorIsInside: isInside),
                                    experts: Strategy.Experts(tensor: cut, expert: expert, tensorIsInside: isInside),
                                    pipeline: pipeline),
                                strategy.rankCount == ranks, !found.contains(strategy),
                                (try? DecoderModel.check(self, strategy, rankCount: ranks)) != nil
                            else { continue }
                            found.append(strategy)
                        }
                    }
                }
            }
        }
        return found
    }
}
