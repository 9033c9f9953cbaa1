/// What one step of one batch takes on the way through all layers, in seconds, part by part.
///
/// A step is a prefill or the decoding of one token for each request. Parts follow one another, so that ``seconds`` is
/// their sum; what overlaps has one price.
public struct StepCost: Sendable, Hashable {
    /// Attention: projections and scores, weights and cache read.
    public var attention = 0.0
    /// The all-reduce or reduce-scatter that makes attention's partial sums whole.
    public var attentionReduction = 0.0
    /// Routers.
    public var routing = 0.0
    /// Hidden states gathered before and after experts, where attention and experts are cut differently.
    public var gathering = 0.0
    /// Rows on their way to experts.
    public var dispatch = 0.0
    /// Routed experts of the busiest rank.
    public var experts = 0.0
    /// Shared experts.
    public var shared = 0.0
    /// Rows on their way back, with their sums.
    public var combine = 0.0
    /// Layers without experts, with their all-reduces.
    public var dense = 0.0
    /// The last norm and the output layer.
    public var output = 0.0
    /// Hidden states handed from stage to stage.
    public var handover = 0.0

    /// Everything.
    public var seconds: Double { computation + communication }

    /// What moves between ranks.
    public var communication: Double {
        attentionReduction + gathering + dispatch + combine + handover
    }

    /// What is computed, with the all-reduces of dense layers.
    public var computation: Double { attention + routing + experts + shared + dense + output }
}
