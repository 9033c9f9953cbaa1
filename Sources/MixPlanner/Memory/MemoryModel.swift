/// Counts what the fullest rank of a strategy holds.
///
/// Equation (8) of "MixServe", with what it leaves out: bytes per element, heads of keys and values that are repeated, latents on every
/// rank, shared experts, dense layers, embeddings, redundant experts, buffers.
struct MemoryModel: Sendable {
    let model: ModelSpec
    let workload: Workload
    let options: PlannerOptions
    /// Bytes that may be used.
    let capacity: Double

    /// The least that a rank holds, without any request.
    func fixed(_ attention: AttentionLayout, _ experts: ExpertLayout, pipeline: Int) -> MemoryUse {
        let (hidden, layers) = (Double(model.hidden), Double((model.layers + pipeline - 1) / pipeline))
        let moeLayers = min(Double(model.moeLayerCount), layers)
        let denseLayers = min(Double(model.denseLayers.count), layers)
        let cut = Double(experts.experts.tensor)
        let plain = model.weights.plain.bytes
        var use = MemoryUse()
        use.attention = layers * attention.weights * model.weights.layerBytes
        let held =
            (model.experts.count + options.redundantExperts + experts.experts.expert - 1) / experts.experts.expert
        use.experts =
            moeLayers * Double(held) * Double(3 * model.experts.width) * hidden / cut * model.weights.expertBytes
        let shared = Double(3 * model.experts.sharedWidth) * hidden / cut * model.weights.layerBytes
        let dense =
            Double(3 * (model.denseWidth ?? 0)) * hidden / Double(attention.attention.tensor) * model.weights.layerBytes
        use.others =
            moeLayers * (shared + hidden * Double(model.experts.count) * plain) + denseLayers * dense
            + layers * 2 * hidden * plain
        let table = Double(model.vocabulary) * hidden / Double(attention.attention.tensor) * plain
        use.embeddings = pipeline > 1 || model.tiesEmbeddings ? table : 2 * table
        use.capacity = capacity

        // One step's tokens of a group, which its lanes hold alike.
        let tokens = Double(min(workload.stepTokens, max(workload.inputTokens, workload.batch)))
        let element = options.rows.elementBytes
        let widest = max(
            Double(model.experts.choices * model.experts.width) / cut,
            Double(model.denseWidth ?? 0) / Double(attention.attention.tensor))
        use.activations = tokens * element * (4 * hidden + 2 * widest)
        let exchanged = tokens * cut / Double(attention.holders)
        let rows = experts.rowsPerGroup * Double(experts.experts.expert)
        use.buffers =
            experts.experts.expert > 1
            ? exchanged * hidden
                * (rows * (2 * element + (options.rows.dispatchBytes + options.rows.combineBytes) / cut) + 4)
            : 0
        return use
    }

    /// Keys and values of so many requests at their full length, over all ranks, of which the fullest holds its part.
    func cache(requests: Double, _ attention: AttentionLayout, pipeline: Int) -> Double {
        let layers = Double((model.layers + pipeline - 1) / pipeline)
        let group = (requests / Double(attention.attention.data)).rounded(.up)
        return group * Double(workload.length) * layers * attention.keyValues * options.keyValues.bytes
    }

    /// The most requests that fit beside what is fixed, at most the workload's batch.
    func largestBatch(_ fixed: MemoryUse, _ attention: AttentionLayout, pipeline: Int) -> Int {
        let perGroup = cache(requests: 1, attention, pipeline: pipeline)
        let free = capacity - fixed.total
        guard free >= perGroup else { return 0 }
        let groups = attention.attention.data
        return min(workload.batch, Int(min(free / perGroup, Double(1 << 30))) * groups)
    }
}
