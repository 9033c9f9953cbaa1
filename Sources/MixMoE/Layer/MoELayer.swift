internal import Foundation
public import MixCollectives
public import MixPlanner

/// One mixture-of-experts block of a model, cut over the ranks of a communicator by a strategy.
///
/// Attention's part of the strategy says which ranks pass the same tokens: the ranks of one of its tensor parallelisms. The
/// experts' part says how experts are cut: EP ways over cells of ranks, and each TP ways over the lanes of a cell. Any
/// degrees that divide will do; where attention has more ranks than a complete set of experts, there are several sets, and
/// where several ranks with the same tokens hold different experts, each sends what its like on other nodes needs.
///
/// Rows travel by ``/MixCollectives/Communicator/dispatch(_:hidden:routing:placement:options:)`` and ``/MixCollectives/Communicator/combine(_:_:into:)``.
/// The number of tokens may differ on every rank and call, and may be zero. After the first calls of a size a call
/// allocates nothing.
///
/// - Source: "MixServe" (arXiv 2601.08800), section III.
public final class MoELayer {
    /// What the model's configuration says.
    public let spec: ModelSpec
    /// The layer's number in the model, from 0.
    public let layer: Int
    /// How it is cut.
    public let strategy: Strategy
    /// How it computes and communicates.
    public let options: MoELayerOptions
    /// The routed experts of which this rank holds a part.
    public var experts: [Int] { slots.ownExperts }
    /// How many ranks share each of them; this one has `1/lanes` of their width.
    public var lanes: Int { layout.laneCount }
    /// Bytes of weights that this rank read.
    public let bytesRead: Int
    /// How long the stages of the last ``forward(_:into:)`` took.
    public internal(set) var times = StageTimes()

    let world: Communicator
    let layout: RankLayout
    let slots: SlotMap
    let block: any MoEFamily
    let rule: any RoutingRule
    let router: Linear
    let sharedGate: Linear?
    let bank: ExpertBank

    /// The same lanes (or, where lanes share no memory, the same lane) of all scopes of this column.
    let column: Communicator
    /// Ranks with parts of the same sums, where there are several columns or lanes that share no memory.
    let reduction: Communicator?
    /// One rank of each group that meets in this cell, where several do.
    let gathering: Communicator?

    /// What `options` says, and whether weights are applied to results.
    let dispatchOptions: DispatchOptions
    var routing: Routing
    /// [tokens, experts].
    var logits: [Float] = []
    var gateLogits: [Float] = []
    var scratch: [Float]
    var chosen: [Int32] = []
    var chosenWeights: [Float] = []
    /// This rank's tokens among those of its scope.
    var ownTokens = 0..<0
    var runs: [(slot: Int, choices: Range<Int>)] = []
    var tokenCounts: [Int64] = []
    var gathered = RowBuffer()
    var merged = RowBuffer()
    var partials = RowBuffer()
    var sums = RowBuffer()

    /// Reads this rank's part of one layer of a checkpoint. All ranks of `world` call it with equal arguments.
    ///
    /// A rank reads the router, and of its experts the rows and columns that its lane has; nothing else. Those that are ready wait
    /// for the others twenty times as long as for a collective.
    ///
    /// - Parameters:
    ///   - checkpoint: where the weights are read.
    ///   - layer: the layer's number, from 0.
    ///   - strategy: as many ranks as `world` has; of a strategy with PP, one stage.
    ///   - world: used for nothing else meanwhile.
    ///   - options: how it computes and communicates.
    /// - Throws: ``MoEError``: what is wrong with the checkpoint, naming file and tensor; ``MoEError/Code/invalidStrategy``;
    ///   ``MoEError/Code/mismatch`` on all ranks, naming one, when ranks have different checkpoints or arguments;
    ///   ``MoEError/Code/peerFailed`` when another rank could not read its part.
    public convenience init(
        checkpoint: Checkpoint, layer: Int, strategy: Strategy, world: Communicator,
        options: MoELayerOptions = MoELayerOptions()
    ) throws(MoEError) {
        let spec: ModelSpec
        do throws(MoEError) {
            spec = try checkpoint.modelSpec()
        } catch {
            // The others wait to hear of this rank.
            _ = try world.agree { () throws(MoEError) in throw error }
            throw error
        }
        try self.init(spec: spec, source: checkpoint, layer: layer, strategy, world, options)
    }

    init(
        spec: ModelSpec, source: any WeightSource, layer: Int, _ strategy: Strategy, _ world: Communicator,
        _ options: MoELayerOptions, team: ThreadTeam? = nil
    ) throws(MoEError) {
        let part = try world.agree { () throws(MoEError) in
            try LayerPart(spec, source, layer, strategy, world, options, team)
        }
        self.spec = spec
        self.layer = layer
        self.strategy = strategy
        self.options = options
        self.world = world
        layout = part.layout
        slots = part.slots
        block = part.block
        rule = part.rule
        router = part.router
        sharedGate = part.sharedGate
        bank = part.bank
        bytesRead = part.bytesRead
        var dispatchOptions = options.dispatch
        dispatchOptions.weightsResults = !part.block.weighsInput
        self.dispatchOptions = dispatchOptions
        let hasShared = slots.ownShared != nil
        routing = Routing(experts: [], weights: [], choices: rule.choices + (hasShared ? 1 : 0))
        scratch = Array(repeating: 0, count: 2 * spec.experts.count)
        do throws(CollectiveError) {
            (column, reduction, gathering) = try layout.communicators(of: world, options.communication)
        } catch {
            throw MoEError(error)
        }
    }

    /// A layer of random weights, for benchmarks: every rank makes its own part in place. Results mean nothing.
    public convenience init(
        random spec: ModelSpec, seed: UInt64 = 0, strategy: Strategy, world: Communicator,
        options: MoELayerOptions = MoELayerOptions()
    ) throws(MoEError) {
        let layer = (0..<spec.layers).first(where: spec.isMoELayer) ?? 0
        try self.init(
            spec: spec, source: RandomWeights(spec, seed: seed), layer: layer, strategy, world, options)
    }

    /// Which of the `strategy.attention.data` groups of ranks with the same tokens this rank belongs to.
    public var tokenGroup: Int { layout.groups[world.rank] }

    /// The experts and weights that the router chose for this rank's tokens in the last ``forward(_:into:)``, best first.
    public var choices: Routing {
        let range = ownTokens.lowerBound * rule.choices..<ownTokens.upperBound * rule.choices
        return Routing(
            experts: Array(chosen[range]), weights: Array(chosenWeights[range]), choices: rule.choices)
    }

    /// Bytes of weights that a pass reads, on all ranks together, when its tokens choose so many different experts.
    public func bytes(experts: Double) -> Double {
        let matrices = Double(3 * spec.hidden)
        let stored =
            (experts * Double(spec.experts.width) + Double(spec.experts.sharedWidth)) * matrices
            * spec.weights.expertBytes
        return stored + Double(spec.experts.count * spec.hidden) * spec.weights.plain.bytes
    }

    /// Ends this rank's part; ranks that still wait for it are told at once.
    public func close() {
        column.close()
        reduction?.close()
        gathering?.close()
    }
}
