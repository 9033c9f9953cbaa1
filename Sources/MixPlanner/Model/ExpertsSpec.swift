/// The experts of one mixture-of-experts layer.
public struct ExpertsSpec: Sendable, Hashable {
    /// E: routed experts.
    public var count: Int
    /// k: experts per token.
    public var choices: Int
    /// Elements between the matrices of a routed expert.
    public var width: Int
    /// Shared experts, which every token has. Checkpoints store them as one.
    public var sharedCount: Int
    /// Elements between the matrices of all shared experts together; 0 without any.
    public var sharedWidth: Int
    /// Whether a sigmoid of the hidden state weights the shared experts (Qwen2-MoE).
    public var hasSharedGate: Bool

    /// Describes the experts of a layer.
    public init(
        count: Int, choices: Int, width: Int, sharedCount: Int = 0, sharedWidth: Int = 0, hasSharedGate: Bool = false
    ) {
        self.count = count
        self.choices = choices
        self.width = width
        self.sharedCount = sharedCount
        self.sharedWidth = sharedWidth
        self.hasSharedGate = hasSharedGate
    }
}
