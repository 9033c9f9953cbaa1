/// How a router weights and limits its choices. Which function makes scores of logits follows from the ``ModelFamily``.
public struct RoutingSpec: Sendable, Hashable {
    /// Whether the weights of a token's choices are divided by their sum.
    public var normalizes: Bool
    /// Groups of experts, of which only some are looked at; 1 where there are none.
    public var groups: Int
    /// Groups that are looked at, by the sum of their two best scores.
    public var keptGroups: Int
    /// What the weights are multiplied by at last.
    public var scale: Double

    /// Describes a router.
    public init(normalizes: Bool, groups: Int = 1, keptGroups: Int = 1, scale: Double = 1) {
        self.normalizes = normalizes
        self.groups = groups
        self.keptGroups = keptGroups
        self.scale = scale
    }
}
