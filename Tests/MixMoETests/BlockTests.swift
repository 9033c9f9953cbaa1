import MixPlanner
import MixTestSupport
import Testing

@testable import MixMoE

extension ProductTests {
    /// What whole models take besides layers, on a checkpoint's tensors: parts make the whole.
    @Suite struct BlockTests {
        private let weights: ModelWeights
        private let checkpoint: Checkpoint
        private let team = ThreadTeam(threads: 1)
        private let name = "model.layers.0.self_attn.q_proj.weight"

        init() throws {
            checkpoint = try Checkpoint(at: LayerFixture.path("qwen3_moe_model_sharded"))
            weights = try ModelWeights(checkpoint)
        }

        @Test func linearIsTheProductWithItsTensor() throws {
            let (inputs, outputs) = (weights.spec.hidden, 128)
            let matrix = try checkpoint.tensor(named: name).floats()
            let x = (0..<3 * inputs).map { Float(($0 * 37) % 19) / 19 - 0.5 }
            let whole = try Linear(weights, named: name, outputs: outputs, inputs: inputs, team: team)
            let found = product(whole, x)
            for row in 0..<3 {
                for output in 0..<outputs {
                    let wanted = (0..<inputs).reduce(0.0) {
                        $0 + Double(x[row * inputs + $1]) * Double(matrix[output * inputs + $1])
                    }
                    #expect(abs(Double(found[row * outputs + output]) - wanted) < 1e-5)
                }
            }
            let before = weights.bytesRead
            let rows = try Linear(weights, named: name, outputs: outputs, inputs: inputs, rows: 40..<100, team: team)
            #expect(weights.bytesRead - before == 2 * 60 * inputs)
            let some = product(rows, x)
            for row in 0..<3 {
                #expect(some[row * 60..<(row + 1) * 60] == found[row * outputs + 40..<row * outputs + 100])
            }
            let (low, high) = (0..<24, 24..<inputs)
            let sums = try [low, high].map { part in
                let linear = try Linear(
                    weights, named: name, outputs: outputs, inputs: inputs, columns: part, team: team)
                return product(
                    linear, (0..<3).flatMap { x[$0 * inputs + part.lowerBound..<$0 * inputs + part.upperBound] })
            }
            for index in found.indices { #expect(abs(sums[0][index] + sums[1][index] - found[index]) < 1e-5) }
        }

        @Test func partsOfADenseBlockAddUp() throws {
            let (hidden, width) = (weights.spec.hidden, try #require(weights.spec.denseWidth))
            let x = (0..<5 * hidden).map { Float(($0 * 53) % 31) / 31 - 0.5 }
            func results(_ part: Range<Int>?) throws -> [Float] {
                let block = try GatedMLP(weights, prefix: "model.layers.1.mlp.", width: width, part: part, team: team)
                var y = [Float](repeating: 0, count: x.count)
                var span = y.mutableSpan
                block.forward(x.span, rows: 5, into: &span)
                return y
            }
            let whole = try results(nil)
            let parts = try [0..<31, 31..<width].map { try results($0) }
            #expect(whole.contains { abs($0) > 1e-2 })
            for index in whole.indices { #expect(abs(parts[0][index] + parts[1][index] - whole[index]) < 1e-5) }
        }

        @Test func embeddingsAreRowsOfTheirTensor() throws {
            let (count, width) = (weights.spec.vocabulary, weights.spec.hidden)
            let name = "model.embed_tokens.weight"
            let table = try checkpoint.tensor(named: name).floats()
            let embedding = try Embedding(weights, named: name, count: count, width: width)
            let tokens = [0, count - 1, 7, 7]
            var vectors = [Float](repeating: .nan, count: tokens.count * width)
            var span = vectors.mutableSpan
            embedding.read(tokens, into: &span)
            #expect(vectors == tokens.flatMap { table[$0 * width..<($0 + 1) * width] })
        }

        @Test func whatIsMissingOrOfAnotherShapeIsNamed() throws {
            var error = #expect(throws: MoEError.self) {
                try Linear(weights, named: "lm_tail.weight", outputs: 320, inputs: 64, team: team)
            }
            #expect(error?.code == .missingTensor)
            error = #expect(throws: MoEError.self) {
                try Linear(weights, named: name, outputs: 64, inputs: 64, team: team)
            }
            #expect(error?.code == .shape && error?.tensor == name)
        }

        /// Gate and up lie in the same panels.
        @Test func gateAndUpOfDifferentTypesAreRefused() throws {
            var draft = CheckpointDraft()
            draft.add("mlp.gate_proj.weight", [2, 4], floats: Array(repeating: 1, count: 8))
            draft.add("mlp.up_proj.weight", "BF16", [2, 4], Array(repeating: 0x3f, count: 16))
            draft.add("mlp.down_proj.weight", [4, 2], floats: Array(repeating: 1, count: 8))
            let folder = try TemporaryFolder()
            try draft.write(to: folder)
            let checkpoint = try Checkpoint(at: folder.path)
            let error = #expect(throws: MoEError.self) { try checkpoint.gated("mlp.", width: 2, hidden: 4) }
            #expect(error?.code == .unsupportedType && error?.tensor == "mlp.up_proj.weight", "\(error!)")
        }

        private func product(_ linear: Linear, _ x: [Float]) -> [Float] {
            var y = [Float](repeating: .nan, count: x.count / linear.inputs * linear.outputs)
            var span = y.mutableSpan
            linear.multiply(x.span, rows: x.count / linear.inputs, into: &span)
            return y
        }
    }
}
