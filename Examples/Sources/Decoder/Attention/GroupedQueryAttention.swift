import MixMoE
import MixPlanner

/// Attention with several query heads to one head of keys and values, each normalised before it is rotated (Qwen3).
///
/// A rank has some of the query heads, and the heads of keys and values that these need: where there are more ranks than
/// such heads, several ranks have the same.
final class GroupedQueryAttention<Element: DecoderElement>: Attention {
    private let width: Int
    private let headCount: Int
    /// The head of keys and values of each own query head, among the own ones.
    private let sources: [Int]
    private let keyHeads: Int
    private let query: Linear
    private let key: Linear
    private let value: Linear
    private let output: Linear
    private let queryNorm: RMSNorm
    private let keyNorm: RMSNorm
    private let rotary: RotaryEmbedding
    /// To how many tokens one attends at most, itself among them.
    private let window: Int
    private let cache: KeyValueCache<Element>

    private var queries: [Float] = []
    private var keys: [Float] = []
    private var values: [Float] = []
    private var results: [Float]
    private var context: [Element] = []
    private var scores: [Float]

    init(_ parts: AttentionParts, _ rotary: RotaryEmbedding) throws(MoEError) {
        let (spec, share) = (parts.spec.attention, parts.heads)
        width = spec.headDimension
        headCount = share.count
        let queriesPerKey = spec.heads / spec.keyValueHeads
        let keyShare = share.lowerBound / queriesPerKey..<(share.upperBound - 1) / queriesPerKey + 1
        sources = share.map { $0 / queriesPerKey - keyShare.lowerBound }
        keyHeads = keyShare.count
        query = try parts.linear("q_proj", outputs: spec.heads * width, rows: share.times(width), biased: true)
        key = try parts.linear("k_proj", outputs: spec.keyValueHeads * width, rows: keyShare.times(width), biased: true)
        value = try parts.linear(
            "v_proj", outputs: spec.keyValueHeads * width, rows: keyShare.times(width), biased: true)
        output = try parts.output(inputs: spec.heads * width, columns: share.times(width))
        queryNorm = try parts.norm("q_norm", count: width, epsilon: parts.spec.normEpsilon)
        keyNorm = try parts.norm("k_norm", count: width, epsilon: parts.spec.normEpsilon)
        self.rotary = rotary
        window = spec.slidingWindow ?? .max
        cache = KeyValueCache(
            slots: parts.options.sequences, capacity: parts.options.context, heads: keyHeads, keyWidth: width,
            valueWidth: width, sharesRows: false)
        scores = Array(repeating: 0, count: parts.options.context)
        results = Array(repeating: 0, count: width)
    }

    func forward(_ x: Span<Element>, _ tokens: TokenPlaces, into y: inout MutableSpan<Element>) {
        let count = tokens.count
        query.multiply(x, rows: count, into: &queries)
        key.multiply(x, rows: count, into: &keys)
        value.multiply(x, rows: count, into: &values)
        context.reserve(count * headCount * width)
        keep(tokens)
        attend(tokens)
        output.multiply(context, rows: count, into: &y)
    }

    // All pointers below are into arrays that have room for every token.

    /// Normalises and rotates what is kept, and keeps it.
    private func keep(_ tokens: TokenPlaces) {
        keys.withUnsafeMutableBufferPointer { keys in
            values.withUnsafeBufferPointer { values in
                for token in 0..<tokens.count {
                    let (slot, position) = (tokens.slots[token], tokens.positions[token])
                    for head in 0..<keyHeads {
                        let first = (token * keyHeads + head) * width
                        let key = keys.baseAddress! + first
                        keyNorm.normalize(key, into: key)
                        rotary.rotate(key, at: position)
                        store(key, into: cache.key(slot, head, position), width)
                        store(values.baseAddress! + first, into: cache.value(slot, head, position), width)
                    }
                }
            }
        }
    }

    private func attend(_ tokens: TokenPlaces) {
        let scale = 1 / Float(width).squareRoot()
        queries.withUnsafeMutableBufferPointer { queries in
            results.withUnsafeMutableBufferPointer { results in
                scores.withUnsafeMutableBufferPointer { scores in
                    context.withUnsafeMutableBufferPointer { context in
                        for token in 0..<tokens.count {
                            let (slot, position) = (tokens.slots[token], tokens.positions[token])
                            let attended = max(0, position - (window - 1))..<position + 1
                            for head in 0..<headCount {
                                let first = (token * headCount + head) * width
                                let query = queries.baseAddress! + first
                                queryNorm.normalize(query, into: query)
                                rotary.rotate(query, at: position)
                                cache.attend(
                                    query, slot: slot, head: sources[head], positions: attended, scale: scale,
                                    scores: scores.baseAddress!, width: width, into: results.baseAddress!)
                                store(results.baseAddress!, into: context.baseAddress! + first, width)
                            }
                        }
                    }
                }
            }
        }
    }
}
