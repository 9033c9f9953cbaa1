import MixCollectives
import MixMoE
import MixPlanner

/// The last norm and the output layer: what the last stage has behind its layers.
///
/// The vocabulary is spread over the ranks that share a group's heads.
final class OutputHead<Element: DecoderElement> {
    private let norm: RMSNorm
    /// This rank's tokens of the vocabulary.
    private let share: Range<Int>
    private let vocabulary: Int
    private let width: Int
    private let linear: Linear
    private let tensor: Communicator?

    private var last: [Float] = []
    private var lastRows: [Element] = []
    private var partialLogits: [Float] = []
    private var bests: [Float] = []
    private var allBests: [Float] = []

    init(
        _ weights: ModelWeights, _ place: RankPlace, tensor: Communicator?, team: ThreadTeam, _ options: DecoderOptions
    ) throws(MoEError) {
        let spec = weights.spec
        (vocabulary, width, self.tensor) = (spec.vocabulary, spec.hidden, tensor)
        share = place.part(of: vocabulary)
        norm = try RMSNorm(weights, named: "model.norm.weight", count: width, epsilon: spec.normEpsilon)
        linear = try Linear(
            weights,
            // Tied embeddings are stored once; where both are there, they are not the same.
            named: spec.tiesEmbeddings && !weights.contains("lm_head.weight")
                ? "model.embed_tokens.weight" : "lm_head.weight",
            outputs: vocabulary, inputs: width, rows: share, team: team, form: options.precision.weights)
    }

    /// Sets `logits` to [positions, vocabulary] after these rows of `hidden`.
    func predict(_ hidden: [Float], _ positions: [Int], into logits: inout [Float]) throws(DecoderError) {
        score(hidden, positions)
        if logits.count < positions.count * vocabulary {
            logits = Array(repeating: 0, count: positions.count * vocabulary)
        }
        for index in logits.indices { logits[index] = 0 }
        for row in positions.indices {
            for token in share {
                logits[row * vocabulary + token] = partialLogits[row * share.count + token - share.lowerBound]
            }
        }
        guard let tensor, !positions.isEmpty else { return }
        do throws(CollectiveError) {
            // Every rank has zeros in place of the others' tokens.
            try tensor.allReduce(&logits, .sum)
        } catch {
            throw .communication(error)
        }
    }

    /// This rank's logits after these rows, of which ``choose(_:into:)`` takes the best.
    func score(_ hidden: [Float], _ positions: [Int]) {
        last.reserve(positions.count * width)
        for (row, position) in positions.enumerated() {
            for index in 0..<width { last[row * width + index] = hidden[position * width + index] }
        }
        norm.normalize(last, rows: positions.count, into: &lastRows)
        linear.multiply(lastRows, rows: positions.count, into: &partialLogits)
    }

    /// Sets `tokens` to the best of each row that was scored last. Throws ``DecoderError/notFinite`` where there is none.
    func choose(_ rowCount: Int, into tokens: inout [Int]) throws(DecoderError) {
        tokens.removeAll(keepingCapacity: true)
        bests.removeAll(keepingCapacity: true)
        for row in 0..<rowCount {
            var best = row * share.count
            // A NaN is taken for the best, and stays it.
            for index in best..<best + share.count
            where !(partialLogits[index] <= partialLogits[best]) && !partialLogits[best].isNaN { best = index }
            // Token numbers are below 2²⁴ × 256: their bits travel as a float's.
            bests.append(partialLogits[best])
            bests.append(Float(bitPattern: UInt32(best - row * share.count + share.lowerBound)))
        }
        guard let tensor, rowCount > 0 else {
            for row in 0..<rowCount {
                guard bests[2 * row].isFinite else { throw .notFinite }
                tokens.append(Int(bests[2 * row + 1].bitPattern))
            }
            return
        }
        allBests.reserve(bests.count * tensor.size)
        do throws(CollectiveError) {
            try allBests.withUnsafeMutableBufferPointer { all throws(CollectiveError) in
                var all = UnsafeMutableBufferPointer(rebasing: all[..<(bests.count * tensor.size)])
                try tensor.allGather(bests, into: &all)
            }
        } catch {
            throw .communication(error)
        }
        for row in 0..<rowCount {
            var best = 2 * row
            for shard in 0..<tensor.size {
                let other = shard * bests.count + 2 * row
                guard allBests[other].isFinite else { throw .notFinite }
                if allBests[other] > allBests[best] { best = other }
            }
            tokens.append(Int(allBests[best + 1].bitPattern))
        }
    }
}
