public import MixCollectives

/// What one rank did in some steps of a model, and when, by ``MixCollectives/StepTimeline/now``.
public struct StepRecording: Sendable {
    /// A part of a layer.
    public struct Stage: Sendable, Hashable {
        /// `attention`, `all-reduce`, `dense`, `router`, `dispatch`, `experts`, `combine`, `head`,
        /// and `hand-over` between pipeline stages.
        public var name: String
        /// The layer's number, or nil outside of layers.
        public var layer: Int?
        /// In nanoseconds.
        public var start: Int64
        /// In nanoseconds.
        public var end: Int64

        /// Whether the rank's threads compute; else they move bytes, or wait for those of others.
        public var isCompute: Bool { !["all-reduce", "dispatch", "combine", "hand-over"].contains(name) }
    }

    /// In order.
    public internal(set) var stages: [Stage] = []
    /// The steps of the collectives between, as far as they run by schedules.
    public internal(set) var collectives = StepTimeline(runs: [])
}
