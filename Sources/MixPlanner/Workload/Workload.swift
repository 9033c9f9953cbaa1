/// What is asked of a deployment: requests of one size.
public struct Workload: Sendable, Hashable {
    /// L_in: tokens of a prompt.
    public var inputTokens: Int
    /// L_out: tokens of an answer.
    public var outputTokens: Int
    /// λ_a: requests per second that arrive; nil for as many as are answered, so that ``batch`` requests always run.
    public var rate: Double?
    /// The most requests that run at the same time, over all ranks, where memory allows it.
    public var batch: Int
    /// The most tokens that one group of ranks takes in one step; longer prompts take several.
    public var stepTokens: Int
    /// The time to first token that is wanted at most, in seconds.
    public var ttftLimit: Double?
    /// The inter-token latency that is wanted at most, in seconds.
    public var itlLimit: Double?
    /// How tokens choose experts.
    public var load: ExpertLoad

    /// Describes a load.
    public init(
        inputTokens: Int, outputTokens: Int, rate: Double? = nil, batch: Int = 256, stepTokens: Int = 8192,
        ttftLimit: Double? = nil, itlLimit: Double? = nil, load: ExpertLoad = .uniform
    ) {
        self.inputTokens = inputTokens
        self.outputTokens = outputTokens
        self.rate = rate
        self.batch = batch
        self.stepTokens = stepTokens
        self.ttftLimit = ttftLimit
        self.itlLimit = itlLimit
        self.load = load
    }

    /// Tokens of a request when it is complete.
    public var length: Int { inputTokens + outputTokens }

    /// Checks that every number makes sense.
    public func validate() throws(PlannerError) {
        func require(_ condition: Bool, _ name: String, _ value: String, _ expected: String) throws(PlannerError) {
            guard condition else { throw .invalidValue(file: "workload", key: name, value: value, expected: expected) }
        }
        try require((1...1 << 28).contains(inputTokens), "inputTokens", "\(inputTokens)", "1 or more")
        try require((1...1 << 28).contains(outputTokens), "outputTokens", "\(outputTokens)", "1 or more")
        try require((1...1 << 28).contains(batch), "batch", "\(batch)", "1 or more")
        try require((1...1 << 28).contains(stepTokens), "stepTokens", "\(stepTokens)", "1 or more")
        if let rate { try require(rate > 0 && rate.isFinite, "rate", "\(rate)", "requests per second above 0") }
        for (name, limit) in [("ttftLimit", ttftLimit), ("itlLimit", itlLimit)] {
            if let limit { try require(limit > 0 && limit.isFinite, name, "\(limit)", "seconds above 0") }
        }
        try load.validate()
    }
}
