public import MixCollectives
public import MixPlanner

extension MoELayer {
    /// Reads this rank's part of one layer of a model's weights, as ``init(checkpoint:layer:strategy:world:options:)`` does.
    ///
    /// - Parameters:
    ///   - weights: where they are read.
    ///   - layer: the layer's number, from 0.
    ///   - strategy: as many ranks as `world` has; of a strategy with PP, one stage.
    ///   - world: used for nothing else meanwhile.
    ///   - options: how it computes and communicates.
    ///   - team: multiplies in place of `options.threads`; layers that run one after the other may share it, and need no
    ///     threads of their own then.
    /// - Throws: ``MoEError``, as there.
    public convenience init(
        weights: ModelWeights, layer: Int, strategy: Strategy, world: Communicator,
        options: MoELayerOptions = MoELayerOptions(), team: ThreadTeam? = nil
    ) throws(MoEError) {
        try self.init(
            spec: weights.spec, source: weights.source, layer: layer, strategy, world, options, team: team)
    }

    /// Whether layers can be cut over so many ranks by a strategy, of one pipeline stage.
    ///
    /// - Throws: ``MoEError/Code/invalidStrategy``, with the reason.
    public static func check(_ strategy: Strategy, rankCount: Int) throws(MoEError) {
        _ = try RankLayout(strategy, rankCount: rankCount)
    }
}

extension ThreadTeam {
    /// As many threads as this rank's share of the machine's processors, when all ranks that share memory compute at the
    /// same time.
    public convenience init(shareOf world: Communicator) {
        self.init(threads: world.processorShare)
    }
}
