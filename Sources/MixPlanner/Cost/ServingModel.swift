/// From what steps take to what users see: continuous batching, in which prefills of new requests interrupt the decoding of others.
///
/// * A group of data parallel ranks takes up to ``Workload/stepTokens`` tokens in one step; the stages of a pipeline work on
///   different steps, of which none overtakes another.
/// * Requests that arrive during a step are prefilled together in the next one, one for each group and stage at most. What they take is
///   linear between one request alone and all places taken.
/// * So every prefill holds up all decoding for its share of such a step: ITL grows by it.
/// * Prefills are a queue with one server and equal requests (M/D/1), and requests that run one with as many servers as may run
///   (M/M/c, by Sakasegawa's approximation).
/// * Requests that run follow from Little's law, and what they take from how many they are: iterated.
struct ServingModel: Sendable {
    let workload: Workload

    /// A step of a pipeline: through all stages, and how long it keeps one of them.
    struct Passage {
        var cost: StepCost
        var stage: Double

        init(_ cost: StepCost, layers: Int, pipeline: Int) {
            self.cost = cost
            let fullest = (layers + pipeline - 1) / pipeline
            stage = (cost.seconds - cost.handover) * Double(fullest) / Double(layers)
        }
    }

    /// Steps of a number of requests that arrive together.
    func prefillSteps(requests: Double, groups: Int) -> (count: Double, step: RefinedModel.Step) {
        let perGroup = (requests / Double(groups)).rounded(.up)
        let tokens = perGroup * Double(workload.inputTokens)
        let count = (tokens / Double(workload.stepTokens)).rounded(.up)
        return (
            count,
            RefinedModel.Step(
                tokens: tokens / count, allTokens: requests * Double(workload.inputTokens) / count,
                requests: max(1, perGroup / count), context: Double(workload.inputTokens + 1) / 2, isPrefill: true)
        )
    }

    /// The step that makes a token for each of so many requests, which the stages of a pipeline share.
    func decodeStep(requests: Double, groups: Int, pipeline: Int) -> RefinedModel.Step {
        let together = max(1, requests / Double(pipeline))
        let perGroup = max(1, together / Double(groups))
        return RefinedModel.Step(
            tokens: perGroup, allTokens: together, requests: perGroup,
            context: Double(workload.inputTokens) + Double(workload.outputTokens) / 2, isPrefill: false)
    }

    /// What prefills take.
    struct Prefills {
        /// One request alone, from its first step to the end of its last.
        var single: Double
        /// A request's share where every group and stage has one.
        var shared: Double
        /// Groups and stages.
        var places: Double
        /// The passage of one request alone.
        var cost: StepCost

        /// How long each of the requests that come at some rate holds up others, if there is a step of decoding between.
        func share(rate: Double, decode: Double) -> Double {
            guard places > 1 else { return single }
            let more = max(0, (places * shared - single) / (places - 1))
            var together = 1.0
            for _ in 0..<4 {
                // Of random arrivals, those in steps that have any.
                let arriving = rate * (single + (together - 1) * more + decode)
                together = min(places, max(1, arriving / (1 - exponential(-arriving))))
            }
            return (single + (together - 1) * more) / together
        }
    }

    /// What users see.
    ///
    /// - Parameters:
    ///   - largestBatch: how many requests may run.
    ///   - decode: the passage of a decoding step of so many requests.
    /// - Returns: nil in place of a performance where requests come faster than they can be answered, and the most per second.
    func performance(
        largestBatch: Int, prefills: Prefills, pipeline: Int, decode: (Double) -> Passage
    ) -> (performance: Performance?, requestsPerSecond: Double) {
        let answers = Double(workload.outputTokens)
        let most = Double(largestBatch)
        func latency(_ passage: Passage) -> Double { Double(pipeline) * passage.stage + passage.cost.handover }

        // As many as may run, each replaced as soon as it is answered.
        var passage = decode(most)
        let step = latency(passage)
        var share = prefills.shared
        var cycle = 0.0
        for _ in 0..<6 {
            cycle = prefills.single + (answers - 1) * step + (most - 1) * share
            share = prefills.share(rate: most / cycle, decode: step)
        }
        let capacity = most / cycle

        var batch = most
        var rate = capacity
        var itl = step + (most - 1) * share / answers
        var slots = 0.0
        if let arriving = workload.rate {
            guard arriving < capacity else { return (nil, capacity) }
            rate = arriving
            batch = 1
            for _ in 0..<6 {
                passage = decode(batch)
                share = prefills.share(rate: rate, decode: latency(passage))
                itl = latency(passage) / max(1e-3, 1 - rate * share)
                batch = min(most, max(1, rate * (prefills.single + (answers - 1) * itl)))
            }
            let load = rate / capacity
            slots = power(load, (2 * (most + 1)).squareRoot() - 1) / (most * (1 - load)) * cycle
        }
        let busy = min(0.999, rate * share)
        // A step of the others is half over, on average.
        let wait = passage.stage / 2 + busy * share / (2 * (1 - busy)) + slots
        return (
            Performance(
                ttft: wait + prefills.single, itl: itl, tokensPerSecond: capacity * answers,
                requestsPerSecond: capacity, wait: wait, batch: batch, largestBatch: largestBatch,
                prefill: prefills.cost, decode: passage.cost),
            capacity
        )
    }
}
