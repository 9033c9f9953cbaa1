import MixCollectives
import MixMoE
import MixPlanner
import MixSchedule

/// Measures on all ranks what a calibration predicts.
final class AccuracyRun {
    private struct LayerProbe {
        let strategy: Strategy
        let exchange: Exchange
        let tokens: Int
    }

    private let world: Communicator
    private let rounds: Rounds
    private let place: String
    private var probes: [OperationProbe] = []
    private var layerProbes: [LayerProbe] = []
    /// Those of each layer and number of tokens.
    private var rows: [Int: [MoERow]] = [:]
    private var preset: ModelSpec?

    init(world: Communicator, rounds: Rounds, wire: String) {
        self.world = world
        self.rounds = rounds
        let nodes = world.grid.nodeCount
        place = nodes == 1 ? "\(world.size) ranks, \(wire)" : "\(nodes) × \(world.size / nodes) ranks, \(wire)"
    }

    // MARK: What is measured

    /// Adds collectives to the rounds.
    ///
    /// - Parameter workspace: room for the largest.
    func add(
        _ operations: [MixSchedule.Operation], sizes: [Int], seconds: Double, workspace: Workspace
    ) {
        // Nobody to talk to.
        guard world.size > 1 else { return }
        let policy = Policy(seconds: seconds, leastCalls: 2, check: false)
        for operation in operations {
            for bytes in operation == .barrier ? [0] : sizes {
                let shape = Shape(operation, bytes: bytes, ranks: world.size)
                probes.append(rounds.add(shape, on: world, policy, workspace))
            }
        }
    }

    /// Adds layers to the rounds. Where experts are either cut or spread, exchanges without fusion are the same ones.
    func add(_ strategies: [Strategy], preset: ModelSpec, tokens: [Int], seconds: Double) {
        self.preset = preset
        for strategy in strategies {
            let isHybrid = strategy.experts.tensor > 1 && strategy.experts.expert > 1
            for exchange in isHybrid ? [Exchange.fused, .wholeRows] : [.fused] {
                let first = layerProbes.count
                layerProbes += tokens.map { LayerProbe(strategy: strategy, exchange: exchange, tokens: $0) }
                _ = rounds.add(budget: .infinity) { [self] in
                    // Anew each time: one piece of memory may be slower than another.
                    let layer = try MoELayer(
                        random: preset, seed: 1, strategy: strategy, world: world,
                        options: MoELayerOptions(communication: exchange == .fused ? .fused : .unfused))
                    defer { layer.close() }
                    var total = 0.0
                    for (index, count) in tokens.enumerated() {
                        // Experts are chosen alike, as they are taken to be.
                        let row = try MoEMeasure<BFloat16>.run(
                            [layer], tokens: count, world: world, seconds: seconds, likeness: 0)
                        rows[first + index, default: []].append(row)
                        total += row.total
                    }
                    return total
                }
            }
        }
    }

    // MARK: What is predicted

    /// All that was measured, beside what the calibration predicts.
    func cases(_ calibration: Calibration) throws -> [AccuracyCase] {
        var cases: [AccuracyCase] = []
        guard let prediction = CollectivePrediction(calibration.cluster) else { return [] }
        for probe in probes {
            guard let measured = rounds[probe.index] else { continue }
            let way = world.way(of: probe.shape)
            cases.append(
                AccuracyCase(
                    place: place, kind: .collective, name: probe.shape.operation.rawValue, size: probe.shape.bytes,
                    measured: measured, predicted: try prediction.corrected(probe.shape, way),
                    modelled: try prediction.seconds(probe.shape, way)))
        }
        for (number, probe) in layerProbes.enumerated() {
            guard let rows = rows[number], let measured = Rounds.meanOfLowerHalf(rows.map(\.total)), let preset else {
                continue
            }
            let cost = try cost(probe, preset, calibration)
            let predicted = [
                ("router", cost.routing + cost.gathering), ("dispatch", cost.dispatch),
                ("experts", cost.experts + cost.shared), ("combine", cost.combine),
            ]
            cases.append(
                AccuracyCase(
                    place: place, kind: .layer,
                    name: "\(probe.strategy)\(probe.exchange == .fused ? "" : ", unfused")", size: probe.tokens,
                    measured: measured, predicted: cost.seconds,
                    stages: predicted.enumerated().map { index, stage in
                        .init(
                            name: stage.0, measured: Rounds.meanOfLowerHalf(rows.map { $0.stages[index] }) ?? 0,
                            predicted: stage.1)
                    }))
        }
        return cases
    }

    private func cost(_ probe: LayerProbe, _ model: ModelSpec, _ calibration: Calibration) throws -> StepCost {
        let (experts, choices) = (Double(model.experts.count), Double(model.experts.choices))
        // Of the experts that any token has chosen.
        var untouched = 1.0
        for _ in 0..<probe.tokens { untouched *= 1 - choices / experts }
        let rows = Double(probe.tokens) * choices / (experts * (1 - untouched))
        let layer = try MoELayerModel(
            model: model, cluster: calibration.cluster(rowsPerExpert: rows),
            options: PlannerOptions(exchange: probe.exchange))
        let groups = probe.strategy.attention.data
        return try layer.cost(probe.strategy, tokens: (probe.tokens + groups - 1) / groups)
    }
}
