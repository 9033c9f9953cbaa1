/// How long the stages of one forward pass took on this rank.
public struct StageTimes: Sendable, Hashable {
    /// Scores, and the choice of experts; where groups put their tokens together, that too.
    public var router: Duration = .zero
    /// Rows on their way to the experts.
    public var dispatch: Duration = .zero
    /// The experts' products.
    public var experts: Duration = .zero
    /// Results on their way back, and summed.
    public var combine: Duration = .zero

    /// No time at all.
    public init() {}

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
