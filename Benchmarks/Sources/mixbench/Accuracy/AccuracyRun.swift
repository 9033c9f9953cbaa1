import MixCollectives
import MixMoE
import MixPlanner
import MixSchedule

/// Measures on all ranks what a calibration predicts.
final class AccuracyRun {
    private let world: Communicator
    private let calibration: Calibration
    private let place: String
    private let seconds: Double
    private let report: (AccuracyCase) -> Void

    init(
        world: Communicator, calibration: Calibration, wire: String, seconds: Double,
        report: @escaping (AccuracyCase) -> Void
    ) {
        self.world = world
        self.calibration = calibration
        self.seconds = seconds
        self.report = report
        let nodes = world.grid.nodeCount
        place = nodes == 1 ? "\(world.size) ranks, \(wire)" : "\(nodes) × \(world.size / nodes) ranks, \(wire)"
    }

    // MARK: Collectives

    func run(_ operations: [MixSchedule.Operation], sizes: [Int]) throws {
        guard let prediction = CollectivePrediction(calibration.cluster) else { return }
        let workspace = try Workspace(bytes: sizes.max()! + 4096, kind: .shared, world: world)
        for operation in operations {
            for bytes in operation == .barrier ? [0] : sizes {
                let type: DataType = operation.reduces ? .float32 : .uint8
                let shape = Shape(operation, bytes: bytes, elementSize: type.size, ranks: world.size)
                let measured = try time(shape, type, workspace)
                // A message has no ways.
                let way =
                    operation == .sendReceive
                    ? .exchange : world.way(of: operation, count: shape.blockCount, type: type)
                report(
                    AccuracyCase(
                        place: place, kind: .collective, name: operation.rawValue, size: bytes, measured: measured,
                        predicted: try prediction.seconds(shape, way)))
            }
        }
    }

    private func time(_ shape: Shape, _ type: DataType, _ workspace: Workspace) throws -> Double {
        let place = shape.operation.places[0]
        let sweep = Sweep(
            operation: shape.operation, type: type, reduction: .sum, root: 0, sizes: [shape.bytes], places: [place])
        let policy = Policy(seconds: seconds, check: false)
        // As in the calibration.
        return try (0..<5).map { _ in
            type == .float32
                ? try measure(Float.self, sweep, shape, place, policy, world: world, workspace: workspace).median
                : try measure(UInt8.self, sweep, shape, place, policy, world: world, workspace: workspace).median
        }.min()!
    }

    // MARK: Layers

    func run(_ strategies: [Strategy], preset: ModelSpec, tokens: [Int], seconds: Double) throws {
        for strategy in strategies {
            for exchange in [Exchange.fused, .unfused] {
                let options = MoELayerOptions(communication: exchange == .fused ? .fused : .unfused)
                let layer = try MoELayer(random: preset, seed: 1, strategy: strategy, world: world, options: options)
                defer { layer.close() }
                for count in tokens {
                    let row = try MoEMeasure<BFloat16>.run([layer], tokens: count, world: world, seconds: seconds)
                    report(
                        AccuracyCase(
                            place: place, kind: .layer, name: "\(strategy)\(exchange == .fused ? "" : ", unfused")",
                            size: count, measured: row.total,
                            predicted: try predict(strategy, preset, exchange, tokens: count)))
                }
            }
        }
    }

    private func predict(_ strategy: Strategy, _ model: ModelSpec, _ exchange: Exchange, tokens: Int) throws -> Double {
        let (experts, choices) = (Double(model.experts.count), Double(model.experts.choices))
        // Of the experts that any token has chosen.
        var untouched = 1.0
        for _ in 0..<tokens { untouched *= 1 - choices / experts }
        let rows = Double(tokens) * choices / (experts * (1 - untouched))
        let layer = try MoELayerModel(
            model: model, cluster: calibration.cluster(rowsPerExpert: rows), options: PlannerOptions(exchange: exchange)
        )
        let groups = strategy.attention.data
        return try layer.cost(strategy, tokens: (tokens + groups - 1) / groups).seconds
    }
}
