/// What users of a deployment see.
public struct Performance: Sendable, Hashable {
    /// Time to first token, in seconds: waiting and prefill.
    public var ttft: Double
    /// Inter-token latency, in seconds: decoding, and what it is held up by others' prefills.
    public var itl: Double
    /// The most tokens of answers per second, with as many requests running as may.
    public var tokensPerSecond: Double
    /// The most requests per second: more cannot be answered for long.
    public var requestsPerSecond: Double
    /// W_q: how long a request waits for its prefill, in seconds. A part of ``ttft``.
    public var wait: Double
    /// Requests that run at the same time, over all ranks.
    public var batch: Double
    /// How many could.
    public var largestBatch: Int
    /// One request's prefill.
    public var prefill: StepCost
    /// One token for each request that runs: of a pipeline, for those that are in one stage.
    public var decode: StepCost
}
