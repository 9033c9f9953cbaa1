/// One thing that was measured and predicted.
struct AccuracyCase: Codable, Sendable, Hashable {
    enum Kind: String, Codable, Sendable { case collective, layer }

    /// Ranks and wires, such as "2 ranks, shared memory".
    var place: String
    var kind: Kind
    /// The operation, or the strategy.
    var name: String
    /// Bytes of a rank's buffer, or tokens of all ranks.
    var size: Int
    /// Seconds.
    var measured: Double
    var predicted: Double
    /// Of a collective: what the model makes of links and rates, without what its operation was calibrated to take.
    var modelled: Double?
    /// Of a layer: its stages' seconds, measured and predicted.
    var stages: [Stage]?

    struct Stage: Codable, Sendable, Hashable {
        var name: String
        var measured: Double
        var predicted: Double
    }

    /// |predicted − measured|/measured.
    var error: Double { error(of: predicted) }
    /// The same of the model alone.
    var modelError: Double? { modelled.map(error) }

    private func error(of seconds: Double) -> Double { abs(seconds - measured) / measured }
}
