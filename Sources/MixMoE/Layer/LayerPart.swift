internal import Foundation
internal import MixCollectives
internal import MixPlanner

/// What one rank holds of a layer: loaded by itself, before it agrees with the others.
struct LayerPart {
    let layout: RankLayout
    let slots: SlotMap
    let block: any MoEFamily
    let rule: any RoutingRule
    let router: Linear
    let sharedGate: Linear?
    let bank: ExpertBank
    let bytesRead: Int
    /// What all ranks must have in common.
    let identity: LayerIdentity

    init(
        _ spec: ModelSpec, _ source: any WeightSource, _ layer: Int, _ strategy: Strategy, _ world: Communicator,
        _ options: MoELayerOptions, _ team: ThreadTeam?
    ) throws(MoEError) {
        guard layer >= 0, layer < spec.layers, spec.isMoELayer(layer) else {
            throw MoEError(
                .invalidArgument,
                "layer \(layer) has no experts; those of this model that have are "
                    + Self.ranges((0..<spec.layers).filter(spec.isMoELayer)))
        }
        let layout = try RankLayout(strategy, rankCount: world.size)
        let lanes = layout.laneCount
        for (what, width) in [("experts", spec.experts.width), ("shared experts", spec.experts.sharedWidth)]
        where !width.isMultiple(of: lanes) {
            throw MoEError(
                .invalidStrategy,
                "\"\(strategy)\" cuts \(what) of width \(width) into TP=\(lanes) parts, which leaves a rest")
        }
        let placement = try Self.placement(spec, strategy, options)
        let before = source.bytesRead
        let block = spec.family.block(spec, layer: layer, source: source)
        let rule = try block.rule()
        let team = team ?? ThreadTeam(threads: options.threads ?? world.processorShare)

        let routerWeight = try source.matrix(named: block.router, expecting: [spec.experts.count, spec.hidden])
        source.willRead(routerWeight)
        var bias: [Float]?
        if let name = block.routerBias { bias = try source.vector(named: name, count: spec.experts.count) }
        let rounds = options.weights == .bfloat16
        router = Linear(routerWeight, bias: bias, team: team, roundsToBFloat16: rounds)
        identity = LayerIdentity(source, routerWeight, layer, strategy, options)
        source.didRead(routerWeight)
        if let name = block.sharedGate {
            let weight = try source.matrix(named: name, expecting: [1, spec.hidden])
            source.willRead(weight)
            sharedGate = Linear(weight, team: team, roundsToBFloat16: rounds)
            source.didRead(weight)
        } else {
            sharedGate = nil
        }

        let shared = try block.sharedExpert()
        let slots = SlotMap(layout, placement, rank: world.rank, hasShared: shared != nil)
        var widths = slots.ownExperts.map { _ in spec.experts.width / lanes }
        if let shared { widths.append(shared.width / lanes) }
        let bank = ExpertBank(
            hidden: spec.hidden, activation: block.activation, widths: widths, team: team, roundsToBFloat16: rounds)
        let lane = layout.lanes[world.rank]
        for slot in widths.indices {
            let whole = try slot < slots.ownExperts.count ? block.expert(slots.ownExperts[slot]) : shared!
            let weights = whole.shard(lane: lane, of: lanes)
            let matrices = [weights.gate, weights.up, weights.down]
            for matrix in matrices { source.willRead(matrix) }
            bank.load(
                slot: slot, gate: weights.gate, up: weights.up, down: weights.down, gateBias: weights.gateBias,
                upBias: weights.upBias, downBias: weights.downBias)
            for matrix in matrices { source.didRead(matrix) }
        }
        self.layout = layout
        self.slots = slots
        self.block = block
        self.rule = rule
        self.bank = bank
        bytesRead = source.bytesRead - before
    }

    private static func placement(
        _ spec: ModelSpec, _ strategy: Strategy, _ options: MoELayerOptions
    ) throws(MoEError) -> ExpertHolders {
        let (count, degree) = (spec.experts.count, strategy.experts.expert)
        guard let placement = options.placement else {
            guard count.isMultiple(of: degree) else {
                throw MoEError(
                    .invalidStrategy,
                    "\"\(strategy)\" cuts \(count) experts into EP=\(degree) parts, which leaves a rest; an explicit "
                        + "placement need not be even")
            }
            return ExpertHolders(experts: count, degree: degree)
        }
        guard placement.ranksOfExpert.count == count else {
            throw MoEError(
                .invalidStrategy, "the placement has \(placement.ranksOfExpert.count) experts, the model \(count)")
        }
        for (expert, ranks) in placement.ranksOfExpert.enumerated() {
            guard !ranks.isEmpty, ranks.allSatisfy({ $0 >= 0 && $0 < degree }), Set(ranks).count == ranks.count else {
                throw MoEError(
                    .invalidStrategy,
                    "expert \(expert) is placed on ranks \(ranks) of expert parallelism; it takes one or more different "
                        + "ones of 0 to \(degree - 1)")
            }
        }
        return placement
    }

    /// `0, 2 to 5` for 0, 2, 3, 4, 5.
    private static func ranges(_ numbers: [Int]) -> String {
        var parts: [(Int, Int)] = []
        for number in numbers {
            if let last = parts.last, last.1 == number - 1 {
                parts[parts.count - 1].1 = number
            } else {
                parts.append((number, number))
            }
        }
        return parts.map { $0.0 == $0.1 ? "\($0.0)" : "\($0.0) to \($0.1)" }.joined(separator: ", ")
    }
}

extension Communicator {
    /// This rank's share of the processors, when all ranks that share memory compute at the same time.
    var processorShare: Int {
        max(1, ProcessInfo.processInfo.activeProcessorCount / grid.nodes[grid.node(of: rank)].count)
    }
}
