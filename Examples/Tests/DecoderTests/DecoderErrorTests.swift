import Decoder
import MixCollectives
import MixMoE
import MixPlanner
import Testing

/// What users can get wrong, each with its own error.
@Suite struct DecoderErrorTests {
    @Test func promptsThatDoNotFitAndTokensThatAreNot() async throws {
        let fixture = try #require(ModelFixture.all.first)
        let capacity = fixture.prompt.count + fixture.generated.count
        let vocabulary = fixture.spec.vocabulary
        let results = try await withWorld(1) { world in
            let strategy = try Strategy("TP=1")
            let tooLong = try fixture.model(strategy, world)
            let first = #expect(throws: DecoderError.self) {
                try tooLong.step(Batch(slot: 0, tokens: Array(repeating: 1, count: capacity + 1)))
            }
            guard case .contextFull(tokens: capacity + 1, capacity: capacity) = first else {
                return "\(String(describing: first))"
            }
            for token in [vocabulary, -1] {
                let model = try fixture.model(strategy, world)
                let error = #expect(throws: DecoderError.self) { try model.step(Batch(slot: 0, tokens: [token])) }
                guard case .unknownToken(token, vocabulary: vocabulary) = error else {
                    return "\(String(describing: error))"
                }
            }
            let model = try fixture.model(strategy, world)
            let error = #expect(throws: DecoderError.self) { try model.step(Batch(slot: 2, tokens: [1])) }
            guard case .noSuchSlot(2, slots: 2) = error else { return "\(String(describing: error))" }
            return ""
        }
        #expect(try results[0].get() == "")
    }

    @Test func otherFamiliesAndStrategiesThatDoNotFit() throws {
        let known = try #require(ModelSpec.preset("qwen3-30b-a3b"))
        let other = try #require(ModelSpec.preset("mixtral-8x7b"))
        var error = #expect(throws: DecoderError.self) { try DecoderModel.check(other) }
        #expect(error.map { "\($0)" }?.contains("mixtral") == true)
        for (text, ranks, words) in [
            ("TP=3 + DP=1, TP=3", 3, ["32 attention heads", "TP=3"]), ("TP=2", 4, ["2 ranks", "4"]),
            ("TP=2 [PP=2]", 2, ["4 ranks", "2"]),
            ("TP=1 [PP=64]", 64, ["48"]), ("DP=3, EP=3", 3, ["128 experts", "EP=3"]),
        ] {
            error = #expect(throws: DecoderError.self) {
                try DecoderModel.check(known, Strategy(text), rankCount: ranks)
            }
            for word in words { #expect(error.map { "\($0)" }?.contains(word) == true, "\(text): \(error!)") }
        }
    }

    /// A rank without a tensor that it loads by itself, with a stage or without: all throw, and name it.
    @Test(arguments: ["TP=4", "TP=2 + DP=2, EP=4", "TP=2 [PP=2]"], ["self_attn.q_proj.weight", "mlp.gate.weight"])
    func aRankThatCannotLoad(_ strategy: String, _ tensor: String) async throws {
        let fixture = try #require(ModelFixture.all.first { $0.name == "qwen3_moe_model" })
        let tensor = "model.layers.2.\(tensor)"
        let broken = try ChangedCheckpoint(of: fixture, without: tensor)
        let results = try await withWorld(4, nodes: 2) { world in
            let path = world.rank == 3 ? broken.path : fixture.path
            _ = try DecoderModel(
                ModelWeights(Checkpoint(at: path)), strategy: Strategy(strategy), world: world,
                options: DecoderOptions(context: 32, threads: 1))
        }
        for (rank, result) in results.enumerated() {
            let error = #expect(throws: DecoderError.self) { try result.get() }
            guard case .layer(let error) = error else {
                Issue.record("rank \(rank): \(String(describing: error))")
                continue
            }
            #expect(error.code == (rank == 3 ? .missingTensor : .peerFailed), "rank \(rank): \(error)")
            #expect("\(error)".contains(tensor) && (rank == 3 || "\(error)".contains("rank 3 on")), "\(error)")
        }
    }

    /// What is predicted is what is read, but for norms, and embeddings that stay where they are.
    @Test(arguments: ModelFixture.all, ["TP=2", "TP=1 [PP=2]"])
    func weightsAreCounted(_ fixture: ModelFixture, _ cut: String) async throws {
        let results = try await withWorld(2) { world in
            let strategy = try Strategy(cut)
            let model = try fixture.model(strategy, world)
            defer { model.close() }
            let estimate = try MemoryEstimate(
                fixture.spec, strategy, rank: world.rank, rankCount: 2, model.options, stepTokens: 1)
            return (read: model.bytesRead, counted: estimate.weights)
        }
        for result in results {
            let (read, counted) = try result.get()
            // Latent attention keeps a part of its weights wider than it is stored.
            #expect(counted >= read * 9 / 10 && counted <= read * 3 / 2, "\(counted) counted, \(read) read")
        }
    }
}
