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
        let hidden = Double(model.hidden)
        let cut = Double(experts.experts.tensor)
        let plain = model.weights.plain.bytes
        let held =
            (model.experts.count + options.redundantExperts + experts.experts.expert - 1) / experts.experts.expert
        let routed = Double(held * 3 * model.experts.width) * hidden / cut * model.weights.expertBytes
        let shared =
            Double(3 * model.experts.sharedWidth) * hidden / cut * model.weights.layerBytes
            + hidden * Double(model.experts.count) * plain
        let dense =
            Double(3 * (model.denseWidth ?? 0)) * hidden / Double(attention.attention.tensor) * model.weights.layerBytes
        let stage = fullestStage(pipeline, expertLayer: routed + shared, denseLayer: dense)
        let layers = Double(stage.experts + stage.dense)
        var use = MemoryUse()
        use.attention = layers * attention.weights * model.weights.layerBytes
        use.experts = Double(stage.experts) * routed
        use.others = Double(stage.experts) * shared + Double(stage.dense) * dense + layers * 2 * hidden * plain
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

    /// How many layers of both kinds the stage has whose weights are the most. Stages have equally many layers, but for the last.
    private func fullestStage(_ pipeline: Int, expertLayer: Double, denseLayer: Double) -> (experts: Int, dense: Int) {
        let most = (model.layers + pipeline - 1) / pipeline
        var dense = Array(repeating: 0, count: pipeline)
        for layer in model.denseLayers { dense[layer / most] += 1 }
        var fullest = (experts: 0, dense: 0)
        var weights = -1.0
        for stage in 0..<pipeline {
            let layers = min(most, model.layers - stage * most)
            guard layers > 0 else { break }
            let own = Double(layers - dense[stage]) * expertLayer + Double(dense[stage]) * denseLayer
            if own > weights { (fullest, weights) = ((layers - dense[stage], dense[stage]), own) }
        }
        return fullest
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
