public import MixPlanner

/// The weights of a model, for layers and products to take theirs from: a checkpoint's, or made up for measurements.
public struct ModelWeights {
    /// What the configuration says.
    public let spec: ModelSpec
    let source: any WeightSource

    /// A checkpoint's weights. Nothing is read yet.
    ///
    /// - Throws: ``MoEError/Code/malformed`` for a configuration that is not one of a known family.
    public init(_ checkpoint: Checkpoint) throws(MoEError) {
        spec = try checkpoint.modelSpec()
        source = checkpoint
    }

    /// Random weights of a model's shapes, which take no memory before they are packed. Results mean nothing.
    public init(random spec: ModelSpec, seed: UInt64 = 0) {
        self.spec = spec
        source = RandomWeights(spec, seed: seed)
    }

    /// Bytes of weights and scales that were read so far.
    public var bytesRead: Int { source.bytesRead }

    /// Whether there is a tensor of this name.
    public func contains(_ name: String) -> Bool { source.contains(name) }

    /// A tensor [count] as float32.
    ///
    /// - Throws: what ``Checkpoint/vector(named:count:)`` throws.
    public func vector(named name: String, count: Int) throws(MoEError) -> [Float] {
        try source.vector(named: name, count: count)
    }
}
