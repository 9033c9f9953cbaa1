/// One number of a plan, with where it comes from.
public struct BreakdownTerm: Sendable, Hashable {
    /// Which part of the plan it belongs to.
    public enum Phase: String, Sendable, Hashable, CaseIterable, Codable {
        /// What the cluster is said to be.
        case cluster
        /// One request's prefill.
        case prefill
        /// One step of decoding.
        case decode
        /// Queues and sharing.
        case serving
    }

    /// Where a number comes from.
    public enum Source: String, Sendable, Hashable, CaseIterable, Codable {
        /// From a configuration, a data sheet, the user.
        case given
        /// From a measurement of this machine.
        case measured
        /// Computed from others.
        case derived
    }

    /// Which part of the plan it belongs to.
    public var phase: Phase
    /// What it is.
    public var name: String
    /// How much.
    public var value: Double
    /// In what: `s`, `bytes`, `bytes/s`, `operations/s`, `requests`, or nothing.
    public var unit: String
    /// Where it comes from.
    public var source: Source
    /// From what, in words.
    public var basis: String
}
