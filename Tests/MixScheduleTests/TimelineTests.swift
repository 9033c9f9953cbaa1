import MixSchedule
import Testing

@Suite struct TimelineTests {
    private let latency = 2.0
    private let perElement = 0.5

    private func timeline(_ schedules: [Schedule], count: Int) throws -> Timeline {
        try Timeline(
            schedules,
            layouts: schedules.map {
                Layouts(
                    input: .equal(count: count, blocks: $0.inputBlocks),
                    output: .equal(count: count, blocks: $0.outputBlocks))
            }
        ) { work in
            guard case .send = work.step else { return 0 }
            return latency + perElement * Double(work.elements)
        }
    }

    /// 2(n−1)·(α + β·N/n), the formula in every textbook.
    @Test(arguments: [2, 3, 8])
    func ringTakesWhatTheFormulaSays(ranks: Int) throws {
        let count = ranks * 6
        let schedules = (0..<ranks).map { Schedule.ringAllReduce(rank: $0, rankCount: ranks) }
        let duration = try timeline(schedules, count: count).duration
        #expect(duration == Double(2 * (ranks - 1)) * (latency + perElement * 6))
    }

    /// 2·log₂ n·α + 2(n−1)/n·N·β.
    @Test(arguments: [2, 4, 16])
    func halvingDoublingTakesWhatTheFormulaSays(ranks: Int) throws {
        let count = ranks * 6
        let rounds = ranks.trailingZeroBitCount
        let schedules = (0..<ranks).map {
            Schedule.recursiveHalvingDoublingAllReduce(rank: $0, rankCount: ranks)
        }
        let duration = try timeline(schedules, count: count).duration
        #expect(duration == Double(2 * rounds) * latency + perElement * Double(2 * (ranks - 1) * 6))
    }

    /// Pieces let all levels of a tree work at once.
    @Test func piecesOverlap() throws {
        func duration(_ pieces: Int) throws -> Double {
            try timeline(
                (0..<16).map {
                    Schedule.doubleBinaryTreeAllReduce(rank: $0, rankCount: 16, pieces: pieces)
                }, count: 1600
            ).duration
        }
        #expect(try duration(8) < 0.6 * duration(1))
    }

    /// With intra-node and inter-node work of equal length, pieces make the sum approach the larger of the two.
    @Test func levelsOverlap() throws {
        let topology = Topology(nodeCount: 2, ranksPerNode: 4)
        func duration(_ pieces: Int) throws -> Double {
            let schedules = (0..<8).map {
                Schedule.hierarchicalAllReduce(rank: $0, topology: topology, pieces: pieces)
            }
            return try Timeline(
                schedules,
                layouts: schedules.map {
                    let layout = Layout.equal(count: 6400, blocks: $0.inputBlocks)
                    return Layouts(input: layout, output: layout)
                }
            ) { work in
                switch work.step {
                case .send: Double(work.elements)
                case .copy: Double(work.elements) / 3
                case .reduce: Double(work.elements)
                default: 0
                }
            }.duration
        }
        #expect(try duration(8) < 0.5 * duration(1))
    }

    @Test func chart() throws {
        let schedules = (0..<2).map { Schedule.ringAllReduce(rank: $0, rankCount: 2) }
        let chart = try timeline(schedules, count: 8).text(width: 20)
        #expect(
            chart == """
                rank 0 send    │>>>>>>>>>>>>>>>>>>>>│
                rank 0 receive │++++++++++<<<<<<<<<<│
                rank 1 send    │>>>>>>>>>>>>>>>>>>>>│
                rank 1 receive │++++++++++<<<<<<<<<<│
                                0             8.00 s
                """)
    }

    @Test func chartShowsWaiting() throws {
        let schedules = (0..<3).map { Schedule.linearGather(rank: $0, rankCount: 3) }
        let chart = try Timeline(schedules, layouts: Verifier.smallestLayouts(for: schedules)) {
            if case .send = $0.step { 1e-6 } else { 0 }
        }.text(width: 10)
        #expect(
            chart == """
                rank 0 main │<<<<<<<<<<│
                rank 1 main │>>>>>     │
                rank 2 main │·····>>>>>│
                             0  2.00 µs
                """)
    }

    @Test func whatCannotRunHasNoTimeline() {
        var schedules = (0..<3).map { Schedule.ringAllReduce(rank: $0, rankCount: 3) }
        schedules[1].streams[0].steps.removeFirst()
        #expect(throws: VerificationError.self) {
            try Timeline(schedules, layouts: Verifier.smallestLayouts(for: schedules)) { _ in 1 }
        }
    }
}
