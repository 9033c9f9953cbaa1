import MixSchedule
import Testing

@Suite struct SchedulePartTests {
    static let topology = Topology(nodeCount: 3, ranksPerNode: 2)
    static let algorithms = Operation.allCases.flatMap { Algorithm.all(for: $0) }.filter(\.usesTopology).map(Case.init)

    /// Every step is in one part, at the place where it was, and both parts run to their ends.
    @Test(arguments: algorithms)
    func partsMakeTheWhole(_ algorithm: Case) throws {
        let schedules = algorithm.algorithm.buildAll(topology: Self.topology, pieces: 3)
        let parts = SchedulePart.allCases.map { part in schedules.map { $0.only(part, Self.topology) } }
        for rank in schedules.indices {
            for (index, stream) in schedules[rank].streams.enumerated() {
                let (inside, between) = (parts[0][rank].streams[index].steps, parts[1][rank].streams[index].steps)
                let nothing = Step.wait(stream: index, steps: 0)
                for (number, step) in stream.steps.enumerated() {
                    let pair = [inside[number], between[number]]
                    if case .wait = step {
                        #expect(pair == [step, step])
                    } else {
                        #expect(pair == [step, nothing] || pair == [nothing, step])
                    }
                }
                #expect(inside.count == stream.steps.count && between.count == stream.steps.count)
            }
        }
        for part in parts { #expect(try duration(part) > 0) }
    }

    /// With one cost per step, the parts take less than the whole, and a part leaves nothing of the other.
    @Test func partsHaveOnlyTheirOwn() throws {
        let schedules = Algorithm.named("fused", for: .fusedDispatch)!.buildAll(topology: Self.topology, pieces: 4)
        let inside = schedules.map { $0.only(.insideNodes, Self.topology) }
        let between = schedules.map { $0.only(.betweenNodes, Self.topology) }
        for step in between.flatMap(\.streams).flatMap(\.steps) {
            switch step {
            case .send, .receive, .wait: break
            default: Issue.record("\(step) between nodes")
            }
        }
        for step in inside.flatMap(\.streams).flatMap(\.steps) {
            switch step {
            case .send, .receive, .receiveReduce: Issue.record("\(step) inside a node")
            default: break
            }
        }
        let whole = try duration(schedules)
        #expect(try duration(inside) < whole)
        #expect(try duration(between) < whole)
    }

    /// A second per step that moves something.
    private func duration(_ schedules: [Schedule]) throws -> Double {
        try Timeline(
            schedules,
            layouts: schedules.map {
                Layouts(
                    input: .uniform(blocks: $0.inputBlocks, count: 12),
                    output: .uniform(blocks: $0.outputBlocks, count: 12),
                    scratch: .uniform(blocks: $0.scratchBlocks, count: 12))
            }
        ) { work in
            switch work.step {
            case .send, .copy, .reduce: 1
            default: 0
            }
        }.duration
    }
}
