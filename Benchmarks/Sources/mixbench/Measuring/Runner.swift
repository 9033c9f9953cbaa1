import MixCollectives
import MixSchedule

/// Runs sweeps on all ranks, and writes what rank 0 has to say.
final class Runner {
    let world: Communicator
    let policy: Policy
    let nodes: Int
    let peer: String
    /// Where measurements go besides the table.
    var lines: JSONLines?
    /// Everything measured so far.
    private(set) var rows: [Row] = []
    /// Wrong elements so far.
    private(set) var wrong = 0

    init(world: Communicator, policy: Policy, nodes: Int, peer: String) {
        self.world = world
        self.policy = policy
        self.nodes = nodes
        self.peer = peer
    }

    func run(_ sweeps: [Sweep]) throws {
        let largest = sweeps.flatMap { sweep in sweep.sizes.map { shape(sweep, $0).bytes } }.max() ?? 0
        let workspace = try Workspace(bytes: largest, kind: policy.memory, world: world)
        let total = sweeps.reduce(0) { $0 + $1.sizes.count * $1.measuredPlaces.count }
        var progress = Progress(total: total, isShown: world.rank == 0)
        for sweep in sweeps {
            if let algorithm = policy.algorithm { try world.use(algorithm: algorithm, for: sweep.operation) }
            let table = Table(sweep: sweep, ranks: world.size)
            if world.rank == 0 { Console.write(header(sweep) + table.heading) }
            for size in sweep.sizes {
                var row = Row(sweep: sweep, shape: shape(sweep, size))
                for place in sweep.measuredPlaces where canRun(sweep) {
                    progress.show(row, place)
                    let measurement = try measureRow(sweep, row.shape, place, workspace)
                    row.measurements[place] = measurement
                    wrong += measurement.wrong
                    lines?.append(
                        JSONRow(
                            row, measurement, place, peer: peer, ranks: world.size, nodes: nodeCount, policy: policy))
                }
                rows.append(row)
                progress.clear()
                guard world.rank == 0 else { continue }
                Console.write(table.line(row) + (policy.counters ? table.counters(row, nodes: nodeCount) : ""))
            }
        }
    }

    /// The last line of the output.
    func finish() {
        guard world.rank == 0 else { return }
        let verdict = !policy.check ? "not checked" : wrong == 0 ? "0 OK" : "\(wrong) FAILED"
        Console.write("# Out of bounds values : \(verdict)\n")
    }

    /// Nodes, where each has as many ranks as rank 0's; a rank is on its own node.
    private var nodeCount: Int {
        world.size / (0..<world.size).count { world.route(to: $0).transport == .sharedMemory }
    }

    private func shape(_ sweep: Sweep, _ bytes: Int) -> Shape {
        Shape(sweep.operation, bytes: bytes, elementSize: sweep.type.size, ranks: world.size)
    }

    /// A rank that is alone has nobody to send to.
    private func canRun(_ sweep: Sweep) -> Bool { sweep.operation != .sendReceive || world.size > 1 }

    private func header(_ sweep: Sweep) -> String {
        let place = nodes == 1 ? "on \(world.host)" : "on \(nodes) virtual nodes"
        return "# \(sweep.operation.rawValue)  ranks \(world.size) \(place)  transport \(transports)  "
            + "memory \(policy.memory.rawValue)  algorithm \(policy.algorithm ?? "auto")\n"
    }

    /// What rank 0 reaches the others by: "shm", "verbs", "shm and verbs".
    private var transports: String {
        let used = Set((0..<world.size).dropFirst().map { world.route(to: $0).transport })
        let names = Route.Transport.allCases.filter(used.contains).map(\.rawValue)
        return names.isEmpty ? "none" : names.joined(separator: " and ")
    }

    // The one place where a type's name becomes a type: from here on code is specialised.
    private func measureRow(
        _ sweep: Sweep, _ shape: Shape, _ place: Place, _ workspace: Workspace
    ) throws -> Measurement {
        switch sweep.type {
        case .float32: try measure(Float.self, sweep, shape, place, policy, world: world, workspace: workspace)
        case .float64: try measure(Double.self, sweep, shape, place, policy, world: world, workspace: workspace)
        case .float16: try measure(Float16.self, sweep, shape, place, policy, world: world, workspace: workspace)
        case .bfloat16: try measure(BFloat16.self, sweep, shape, place, policy, world: world, workspace: workspace)
        case .int8: try measure(Int8.self, sweep, shape, place, policy, world: world, workspace: workspace)
        case .int32: try measure(Int32.self, sweep, shape, place, policy, world: world, workspace: workspace)
        case .int64: try measure(Int64.self, sweep, shape, place, policy, world: world, workspace: workspace)
        case .uint8: try measure(UInt8.self, sweep, shape, place, policy, world: world, workspace: workspace)
        case .float8E4M3:
            try measure(Float8E4M3.self, sweep, shape, place, policy, world: world, workspace: workspace)
        }
    }
}
