import MixCollectives
import MixSchedule
import Testing

extension CollectiveTests {
    /// Recorded steps, and operations with the steps of one level.
    @Suite struct Measuring {
        /// Every rank's steps, in the order of its schedule, with the bytes that they moved; machines of one kernel agree in
        /// time, so that nobody has a message before it was sent.
        @Test(arguments: [1, 2])
        func recordsEveryStep(machines: Int) async throws {
            let results = try await withWorld(4, nodes: machines) { world in
                try world.use(grid: Topology(nodeCount: 2, ranksPerNode: 2))
                try world.use(algorithm: "sequential", for: .fusedAllReduceAllToAll)
                let steps = try world.recordSteps { () throws(CollectiveError) in try run(world) }
                try run(world)
                return (steps, try world.recordSteps {})
            }
            let recordings = succeeding(results)
            guard recordings.count == 4 else { return }
            #expect(recordings.allSatisfy { $0.1.runs.isEmpty })
            #expect(recordings[0].0.runs.map(\.rank) == [0, 1, 2, 3])
            for rank in 1..<4 { #expect(recordings[rank].0.runs.map(\.rank) == [rank]) }

            let topology = Topology(nodeCount: 2, ranksPerNode: 2)
            let schedules = Algorithm.named("sequential", for: .fusedAllReduceAllToAll)!.buildAll(topology: topology)
            for (run, schedule) in zip(recordings[0].0.runs, schedules) {
                #expect(run.operation == .fusedAllReduceAllToAll)
                #expect(run.streams.map(\.name) == schedule.streams.map(\.name))
                #expect(run.streams.map(\.steps.count) == schedule.streams.map(\.steps.count))
                for stream in run.streams {
                    var last: Int64 = 0
                    for step in stream.steps {
                        #expect(last <= step.start && step.start <= step.end)
                        last = step.end
                    }
                }
                let sent = run.streams.flatMap(\.steps).filter { $0.kind == .send }
                #expect(sent.map(\.peer) == [(run.rank + 2) % 4])
            }
            let all = recordings[0].0.runs.map { $0.streams.flatMap(\.steps) }
            let bytes = all.flatMap { $0 }.filter { $0.kind == .send }.reduce(0) { $0 + $1.bytes }
            #expect(bytes == 2 * count * 4)
            for rank in 0..<4 {
                let sent = all[rank].first { $0.kind == .send }
                let received = all[(rank + 2) % 4].first { $0.kind == .receive }
                #expect(sent?.bytes == received?.bytes)
                #expect(sent!.start <= received!.end)
            }
        }

        /// One level leaves the other alone, and results are right again afterwards.
        @Test func partsOfAnOperation() async throws {
            let results = try await withWorld(4, nodes: 2) { world in
                var sent: [UInt64] = []
                for part in [nil, SchedulePart.insideNodes, .betweenNodes, nil] {
                    world.use(part: part)
                    let before = world.counters.bytesSent
                    try run(world, checks: part == nil)
                    sent.append(world.counters.bytesSent - before)
                }
                return sent
            }
            for sent in succeeding(results) {
                #expect(sent[0] > 0)
                #expect(sent == [sent[0], 0, sent[0], sent[0]])
            }
        }
    }
}

/// Elements per block.
private let count = 50_000

/// Blocks of ones: every element of the result is the number of lanes.
private func run(_ world: Communicator, checks: Bool = true) throws(CollectiveError) {
    var output = Array(repeating: Int32(0), count: 2 * count)
    try world.allReduceAllToAll(Array(repeating: Int32(1), count: output.count), into: &output)
    if checks { #expect(output.allSatisfy { $0 == 2 }) }
}
