/// How long the stages of one forward pass took on this rank.
public struct StageTimes: Sendable, Hashable {
    /// Scores, and the choice of experts; where groups put their tokens together, that too.
    public var router: Duration
    /// Rows on their way to the experts.
    public var dispatch: Duration
    /// The experts' products.
    public var experts: Duration
    /// Results on their way back, and summed.
    public var combine: Duration

    /// Times, none by default.
    public init(
        router: Duration = .zero, dispatch: Duration = .zero, experts: Duration = .zero, combine: Duration = .zero
    ) {
        self.router = router
        self.dispatch = dispatch
        self.experts = experts
        self.combine = combine
    }

    /// All stages.
    public var total: Duration { router + dispatch + experts + combine }

    /// Adds the times of another pass, stage by stage.
    public static func += (sum: inout StageTimes, other: StageTimes) {
        sum.router += other.router
        sum.dispatch += other.dispatch
        sum.experts += other.experts
        sum.combine += other.combine
    }
}
