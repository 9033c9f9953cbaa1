import ArgumentParser
import COverheadCounter
import MixCollectives
import MixPlanner
import MixSchedule

/// Counts what small operations cost besides time: allocations here, system calls by whoever traces this program.
@main
struct MixOverhead: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mixoverhead",
        abstract: "Counts allocations and waits of small operations; fails when there are allocations.",
        discussion: """
            Each rank marks the begin and the end of the counted calls of each row by a harmless system call \
            (getpgid of 1835628001 and 1835628002), so that a trace (strace -f) can be cut there: \
            Benchmarks/Scripts/check-overhead.sh counts the system calls in between.
            """)

    @Option(help: "Start this many ranks, unless a launcher already did.")
    var ranks: Int?

    @Option(help: "Virtual nodes, joined over TCP.")
    var nodes = 1

    @Option(help: "Nodes of the fused operations' grid, if not the machines.")
    var gridNodes: Int?

    @Option(help: ArgumentHelp("Measure this operation only.", valueName: "operation"))
    var only: SmallOperation?

    @Option(help: "Sizes of a rank's buffer, one after the other.")
    var bytes: [Int] = [8, 1024, 16384]

    @Option(help: "Counted calls of each operation and size.")
    var count = 10_000

    @Flag(help: "Count the allocations of calls of a rank's experts instead.")
    var experts = false

    @Option(help: "Count the allocations of calls of a layer that is cut like this instead.")
    var layer: String?

    func validate() throws {
        guard count > 0 else { throw ValidationError("--count must be at least 1.") }
        guard bytes.allSatisfy({ $0 > 0 }) else { throw ValidationError("--bytes must be at least 1.") }
        if let ranks, ranks < 1 { throw ValidationError("--ranks must be at least 1.") }
    }

    func run() throws {
        guard !experts else {
            let allocations = BankCalls.allocations(count: count)
            print("# allocations in \(count) calls of a rank's experts")
            print("experts \(allocations)")
            throw allocations == 0 ? ExitCode.success : ExitCode.failure
        }
        let wanted = ranks ?? 2
        if !Launcher.isRank, wanted > 1 { throw ExitCode(try Launcher(ranks: wanted, nodes: nodes).run()) }
        let world = try Communicator.join()
        if let layer {
            let allocations = try LayerCalls.allocations(count: count, Strategy(layer), world)
            if world.rank == 0 { print("layer \(layer) \(allocations)") }
            world.close()
            throw allocations == 0 ? ExitCode.success : ExitCode.failure
        }
        if let gridNodes { try world.use(grid: Topology(nodeCount: gridNodes, ranksPerNode: world.size / gridNodes)) }
        if world.rank == 0 {
            print("# in \(count) calls, of the rank that has most")
            print(line(["# operation", "bytes", "allocations", "waits", "waiting calls"]))
        }
        var clean = true
        for operation in only.map({ [$0] }) ?? SmallOperation.allCases {
            guard operation != .sendReceive || world.size > 1 else { continue }
            for bytes in operation == .barrier ? [0] : bytes {
                let costs = try costs(of: operation, bytes: bytes, world)
                if costs.allocations > 0 { clean = false }
                if world.rank == 0 {
                    let numbers = [bytes, costs.allocations, costs.waits, costs.waitingCalls]
                    print(line([operation.rawValue] + numbers.map(String.init)))
                }
            }
        }
        world.close()
        if !clean { throw ExitCode.failure }
    }

    /// What `count` calls cost the rank that they cost most.
    private func costs(of operation: SmallOperation, bytes: Int, _ world: Communicator) throws -> Costs {
        var call = SmallCall(operation, bytes: bytes, world: world)
        defer { call.deallocate() }
        // Long enough for everything that is made once: compiled schedules, connections, kernels' tables.
        for _ in 0..<1000 { try call.run() }
        overhead_mark_begin()
        let (allocations, firstWaits) = (overhead_allocations(), overhead_waits())
        var waits = firstWaits
        var waitingCalls: Int64 = 0
        for _ in 0..<count {
            try call.run()
            let now = overhead_waits()
            if now != waits { waitingCalls += 1 }
            waits = now
        }
        let allocationsAfter = overhead_allocations()
        overhead_mark_end()
        var most = [Int64(allocationsAfter - allocations), Int64(waits - firstWaits), waitingCalls]
        try world.allReduce(&most, .max)
        return Costs(allocations: Int(most[0]), waits: Int(most[1]), waitingCalls: Int(most[2]))
    }

    private func line(_ words: [String]) -> String {
        zip(words, [16, 10, 14, 10, 16]).map { word, width in
            let spaces = String(repeating: " ", count: max(0, width - word.count))
            return word == words[0] ? word + spaces : spaces + word
        }.joined()
    }
}

/// What some calls cost besides time.
struct Costs {
    var allocations: Int
    /// Sleeps, wake-ups and yields.
    var waits: Int
    /// Calls in which there was one of them or more.
    var waitingCalls: Int
}
