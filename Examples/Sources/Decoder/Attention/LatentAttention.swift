import MixMoE
import MixPlanner

/// Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434): of a token one latent and one rotated key are kept, for all heads.
///
/// The matrices that make keys and values of a latent are applied to queries and results instead, so that nothing is made of
/// what is cached: qᵀ (K c) = (Kᵀ q)ᵀ c, and Σ w (V c) = V Σ w c. A rank has some of the heads, and all latents.
final class LatentAttention<Element: DecoderElement>: Attention {
    /// The two latent norms have this, whatever the configuration says.
    private static var epsilon: Double { 1e-6 }

    private let latent: AttentionSpec.Latent
    private let headCount: Int
    /// From hidden states to compressed queries, and their norm, where queries are compressed.
    private let compression: (linear: Linear, norm: RMSNorm)?
    private let query: Linear
    private let keyValue: Linear
    private let latentNorm: RMSNorm
    private let output: Linear
    /// Kᵀ of each head: [heads, rank, unrotated].
    private var keyWeights: [Float]
    /// V of each head: [heads, value, rank].
    private var valueWeights: [Float]
    private let rotary: RotaryEmbedding
    private let cache: KeyValueCache<Element>

    private var compressed: [Float] = []
    private var normalized: [Element] = []
    private var queries: [Float] = []
    private var latents: [Float] = []
    private var context: [Element] = []
    private var scores: [Float]
    /// A query for cached rows, and what it finds.
    private var wideQuery: [Float]
    private var found: [Float]
    private var result: [Float]

    init(_ parts: AttentionParts, _ latent: AttentionSpec.Latent, _ rotary: RotaryEmbedding) throws(MoEError) {
        let (heads, share) = (parts.spec.attention.heads, parts.heads)
        let width = latent.unrotatedDimension + latent.rotatedDimension
        let rows = share.times(width)
        if let rank = latent.queryRank {
            compression = (
                try parts.linear("q_a_proj", outputs: rank, biased: true),
                try parts.norm("q_a_layernorm", count: rank, epsilon: Self.epsilon)
            )
            query = try parts.linear("q_b_proj", outputs: heads * width, inputs: rank, rows: rows)
        } else {
            compression = nil
            query = try parts.linear("q_proj", outputs: heads * width, rows: rows)
        }
        let rank = latent.keyValueRank
        let row = rank + latent.rotatedDimension
        keyValue = try parts.linear("kv_a_proj_with_mqa", outputs: row, biased: true)
        latentNorm = try parts.norm("kv_a_layernorm", count: rank, epsilon: Self.epsilon)
        output = try parts.output(
            inputs: heads * latent.valueDimension, columns: share.times(latent.valueDimension))
        (keyWeights, valueWeights) = try Self.split(parts, latent)
        self.latent = latent
        headCount = share.count
        self.rotary = rotary
        cache = KeyValueCache(
            slots: parts.options.sequences, capacity: parts.options.context, heads: 1, keyWidth: row,
            valueWidth: row, sharesRows: true)
        scores = Array(repeating: 0, count: parts.options.context)
        wideQuery = Array(repeating: 0, count: row)
        found = Array(repeating: 0, count: rank)
        result = Array(repeating: 0, count: latent.valueDimension)
    }

    func forward(_ x: Span<Element>, _ tokens: TokenPlaces, into y: inout MutableSpan<Element>) {
        let count = tokens.count
        if let compression {
            compression.linear.multiply(x, rows: count, into: &compressed)
            compression.norm.normalize(compressed, rows: count, into: &normalized)
            query.multiply(normalized, rows: count, into: &queries)
        } else {
            query.multiply(x, rows: count, into: &queries)
        }
        keyValue.multiply(x, rows: count, into: &latents)
        context.reserve(count * headCount * latent.valueDimension)
        keep(tokens)
        attend(tokens)
        output.multiply(context, rows: count, into: &y)
    }

    // All pointers below are into arrays that have room for every token.

    private func keep(_ tokens: TokenPlaces) {
        let (rank, row) = (latent.keyValueRank, cache.keyWidth)
        latents.withUnsafeMutableBufferPointer { latents in
            for token in 0..<tokens.count {
                let one = latents.baseAddress! + token * row
                latentNorm.normalize(one, into: one)
                rotary.rotate(one + rank, at: tokens.positions[token])
                store(one, into: cache.key(tokens.slots[token], 0, tokens.positions[token]), row)
            }
        }
    }

    private func attend(_ tokens: TokenPlaces) {
        let (plain, rank, value) = (latent.unrotatedDimension, latent.keyValueRank, latent.valueDimension)
        let width = plain + latent.rotatedDimension
        let scale = rotary.scoreFactor / Float(width).squareRoot()
        for token in 0..<tokens.count {
            let (slot, position) = (tokens.slots[token], tokens.positions[token])
            for head in 0..<headCount {
                let first = (token * headCount + head) * width
                product(keyWeights, head, rows: rank, columns: plain, queries, first, into: &wideQuery)
                wideQuery.withUnsafeMutableBufferPointer { wide in
                    for index in 0..<latent.rotatedDimension { wide[rank + index] = queries[first + plain + index] }
                    rotary.rotate(wide.baseAddress! + rank, at: position)
                    scores.withUnsafeMutableBufferPointer { scores in
                        found.withUnsafeMutableBufferPointer { found in
                            cache.attend(
                                wide.baseAddress!, slot: slot, head: 0, positions: 0..<position + 1, scale: scale,
                                scores: scores.baseAddress!, width: rank, into: found.baseAddress!)
                        }
                    }
                }
                product(valueWeights, head, rows: value, columns: rank, found, 0, into: &result)
                context.withUnsafeMutableBufferPointer { context in
                    store(result, into: context.baseAddress! + (token * headCount + head) * value, value)
                }
            }
        }
    }

    /// Sets the first elements of `y` to one head's matrix [rows, columns] times x from `start` on.
    private func product(
        _ matrices: [Float], _ head: Int, rows: Int, columns: Int, _ x: [Float], _ start: Int, into y: inout [Float]
    ) {
        matrices.withUnsafeBufferPointer { matrices in
            x.withUnsafeBufferPointer { x in
                for row in 0..<rows {
                    y[row] = dot(
                        x.baseAddress! + start, matrices.baseAddress! + (head * rows + row) * columns, columns)
                }
            }
        }
    }

    /// The two halves of `kv_b_proj` for this rank's heads. Whatever form it is stored in: its product with 1 is itself.
    private static func split(
        _ parts: AttentionParts, _ latent: AttentionSpec.Latent
    ) throws(MoEError) -> (keys: [Float], values: [Float]) {
        let (plain, rank, value) = (latent.unrotatedDimension, latent.keyValueRank, latent.valueDimension)
        let (heads, count) = (parts.spec.attention.heads, parts.heads.count)
        let linear = try parts.linear(
            "kv_b_proj", outputs: heads * (plain + value), inputs: rank, rows: parts.heads.times(plain + value))
        var one = [Float](repeating: 0, count: rank * rank)
        for index in 0..<rank { one[index * rank + index] = 1 }
        var transposed: [Float] = []
        linear.multiply(one, rows: rank, into: &transposed)
        var keys = [Float](repeating: 0, count: count * rank * plain)
        var values = [Float](repeating: 0, count: count * value * rank)
        for head in 0..<count {
            for column in 0..<rank {
                let first = column * linear.outputs + head * (plain + value)
                for row in 0..<plain { keys[(head * rank + column) * plain + row] = transposed[first + row] }
                for row in 0..<value { values[(head * value + row) * rank + column] = transposed[first + plain + row] }
            }
        }
        return (keys, values)
    }
}
