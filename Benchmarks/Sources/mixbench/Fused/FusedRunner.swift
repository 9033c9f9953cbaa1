import ArgumentParser
import MixCollectives
import MixSchedule

/// Runs the rows of one fused operation on all ranks, and writes what rank 0 has to say.
final class FusedRunner {
    private let operation: Operation
    private let options: FusedOptions
    private let world: Communicator
    private let lines: JSONLines?
    private var rows: [FusedRow] = []
    /// Seconds that a message between nodes takes.
    private let latency: Double

    init(_ operation: Operation, _ options: FusedOptions) throws {
        self.operation = operation
        self.options = options
        let world = try options.join()
        self.world = world
        latency = options.timeline ? try Self.latency(world) : 0
        lines = try options.json.map { try JSONLines(appendingTo: $0, isWriter: world.rank == 0) }
        let operations: [Operation] = operation == .fusedCombine ? [.fusedDispatch, .fusedCombine] : [operation]
        for operation in operations { try world.use(algorithm: options.algorithm, for: operation) }
    }

    private var lanes: Int {
        get throws {
            guard let lanes = world.grid.ranksPerNode else {
                throw ValidationError("Fused collectives need as many ranks on every node.")
            }
            return lanes
        }
    }

    func run(_ row: RowOptions) throws {
        for tokens in row.tokens.values {
            let problem = RowProblem(
                nodes: world.grid.nodeCount, lanes: try lanes, tokens: tokens, hidden: row.hidden, experts: row.experts,
                choices: row.choices, options: row.dispatchOptions)
            try measure(try shape(.rows(problem)))
        }
    }

    func run(_ sizes: [Int]) throws {
        let unit = options.type.size * world.grid.nodeCount
        for bytes in sizes { try measure(try shape(.blocks((bytes + unit - 1) / unit))) }
    }

    func finish() throws {
        let wrong = rows.reduce(0) { $0 + $1.measurement.wrong }
        if world.rank == 0 {
            let verdict = !options.check ? "not checked" : wrong == 0 ? "0 OK" : "\(wrong) FAILED"
            Console.write("# Out of bounds values : \(verdict)\n")
            if let path = options.trace {
                var trace = ChromeTrace(world.grid)
                for row in rows { trace.append(row.measurement.steps) }
                try TextFile.write(trace.text, to: path)
            }
        }
        world.close()
        if wrong > 0 { throw ExitCode.failure }
    }

    private func shape(_ content: FusedShape.Content) throws -> FusedShape {
        FusedShape(
            operation: operation, type: options.type, nodes: world.grid.nodeCount, lanes: try lanes, content: content)
    }

    private func measure(_ shape: FusedShape) throws {
        let measurement =
            switch options.type {
            case .bfloat16: try measure(BFloat16.self, shape)
            case .float16: try measure(Float16.self, shape)
            default: try measure(Float.self, shape)
            }
        let row = FusedRow(shape: shape, measurement: measurement)
        lines?.append(row.json(peer: options.name, algorithm: options.algorithm, counters: options.counters))
        if world.rank == 0 {
            if rows.isEmpty { Console.write(header + row.heading) }
            Console.write(row.line + (options.counters ? row.counters : ""))
            if options.timeline { Console.write(try charts(measurement)) }
        }
        rows.append(row)
    }

    private func measure<Element: RowElement>(_ type: Element.Type, _ shape: FusedShape) throws -> FusedMeasurement {
        let measure = FusedMeasure(world: world, shape: shape, seconds: options.seconds, check: options.check)
        switch shape.content {
        case .rows(let problem):
            return try measure.measure(
                RowExercise<Element>(problem, combines: operation == .fusedCombine, world: world))
        case .blocks(let count):
            return try measure.measure(BlockExercise<Element>(count, world: world))
        }
    }

    private func charts(_ measurement: FusedMeasurement) throws -> String {
        let prediction = StepPrediction(measurement, latency: latency)
        return ChartPair(
            left: ("measured", measurement.steps.measured),
            right: ("predicted", try prediction.timeline(measurement.steps))
        ).text
    }

    /// The median time of a barrier, which is that of a message to another node and little else. Collective.
    private static func latency(_ world: Communicator) throws(CollectiveError) -> Double {
        var samples: [Int64] = []
        for _ in 0..<101 {
            let begin = Clock.now()
            try world.barrier()
            samples.append(Clock.now() - begin)
        }
        var median = [Double(samples.sorted()[samples.count / 2]) * 1e-9]
        try world.allReduce(&median, .max)
        return median[0]
    }

    private var header: String {
        let grid = world.grid
        let ranks = (0..<world.size).filter { grid.node(of: $0) != grid.node(of: 0) }
        let transports = Set(ranks.map { world.route(to: $0).transport.rawValue }).sorted()
        return "# \(operation.rawValue)  \(grid.nodeCount) nodes of \(grid.nodes[0].count) ranks  between nodes "
            + "\(transports.isEmpty ? "nothing" : transports.joined(separator: " and "))  "
            + "algorithm \(options.algorithm ?? "auto")\n"
    }
}
