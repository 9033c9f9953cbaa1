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
            ("TP=2 [PP=2]", 4, ["pipeline"]), ("DP=3, EP=3", 3, ["128 experts", "EP=3"]),
        ] {
            error = #expect(throws: DecoderError.self) {
                try DecoderModel.check(known, Strategy(text), rankCount: ranks)
            }
            for word in words { #expect(error.map { "\($0)" }?.contains(word) == true, "\(text): \(error!)") }
        }
    }

    /// What is predicted is what is read, but for norms, and embeddings that stay where they are.
    @Test(arguments: ModelFixture.all) func weightsAreCounted(_ fixture: ModelFixture) async throws {
        let results = try await withWorld(2) { world in
            let strategy = try Strategy("TP=2")
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
