import MixCollectives
import Testing

extension CollectiveTests {
    /// What is wrong with the arguments of one rank is an error on all of them.
    @Suite struct FusedMisuse {
        /// Two nodes of two lanes; rank 3 is the one that errs.
        private func expect(
            _ code: CollectiveError.Code, from guilty: Set<Int> = [3], saying text: String,
            sourceLocation: SourceLocation = #_sourceLocation,
            _ body: @escaping @Sendable (Communicator, _ errs: Bool) throws -> Void
        ) async throws {
            let results = try await withWorld(4, nodes: 2) { world in try body(world, world.rank == 3) }
            let errors = failing(results, sourceLocation: sourceLocation)
            for error in errors {
                #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
                #expect(error.message.contains(text), "\(error)", sourceLocation: sourceLocation)
                #expect(guilty.contains(error.rank ?? -1), "\(error)", sourceLocation: sourceLocation)
            }
        }

        @discardableResult
        private static func dispatch(
            _ world: Communicator, hidden: Int = 8, experts: [Int32] = [0, 1, 2, 3], choices: Int = 2,
            placement: [Int32] = [0, 1, 0, 1], options: DispatchOptions = DispatchOptions()
        ) throws -> Dispatched<Float> {
            let tokens = choices > 0 ? experts.count / choices : 2
            return try world.dispatch(
                [Float](repeating: 1, count: tokens * hidden), hidden: hidden,
                routing: Routing(experts: experts, weights: experts.map { _ in 1 }, choices: choices),
                placement: placement, options: options)
        }

        @Test func anExpertOutOfRange() async throws {
            for expert: Int32 in [4, -2, .min, .max] {
                try await expect(.invalidArgument, saying: "token 1 chose expert \(expert)") { world, errs in
                    try Self.dispatch(world, experts: [0, 1, 2, errs ? expert : 3])
                }
            }
        }

        @Test func aNodeThatIsNot() async throws {
            try await expect(.invalidArgument, saying: "expert 2 is placed on node 7") { world, errs in
                try Self.dispatch(world, placement: [0, 1, errs ? 7 : 0, 1])
            }
        }

        @Test func noChoices() async throws {
            try await expect(.invalidArgument, saying: "choose 0 experts") { world, errs in
                try Self.dispatch(world, choices: errs ? 0 : 2)
            }
        }

        @Test func rowsThatDoNotFit() async throws {
            try await expect(.invalidArgument, saying: "15 elements are not 2 rows of 8") { world, errs in
                _ = try world.dispatch(
                    [Float](repeating: 1, count: errs ? 15 : 16), hidden: 8,
                    routing: Routing(experts: [0, 1, 2, 3], weights: [1, 1, 1, 1], choices: 2), placement: [0, 1, 0, 1])
            }
        }

        /// Whoever is told first names the other.
        @Test func hiddenThatDiffers() async throws {
            try await expect(.mismatch, from: [1, 3], saying: "rows of") { world, errs in
                try Self.dispatch(world, hidden: errs ? 16 : 8)
            }
            try await expect(.mismatch, from: [1, 3], saying: "other options") { world, errs in
                try Self.dispatch(world, options: DispatchOptions(deduplicates: !errs))
            }
            try await expect(.mismatch, from: [1, 3], saying: "other options") { world, errs in
                try Self.dispatch(world, options: DispatchOptions(weightsResults: !errs))
            }
        }

        @Test func lanesThatRouteDifferently() async throws {
            try await expect(.mismatch, from: [2, 3], saying: "routes other tokens") { world, errs in
                try Self.dispatch(world, experts: [0, 1, 2, errs ? 1 : 3])
            }
        }

        /// Each finds its counterpart on the other node of its own opinion.
        @Test func lanesThatDisagreeInPairs() async throws {
            try await expect(.mismatch, from: [0, 1, 2, 3], saying: "lanes of a node must do the same") { world, _ in
                try Self.dispatch(world, options: DispatchOptions(deduplicates: world.rank % 2 == 0))
            }
            try await expect(.mismatch, from: [0, 1, 2, 3], saying: "combines the rows of another dispatch") {
                world, _ in
                let one = try Self.dispatch(world)
                let two = try Self.dispatch(world)
                let partials = [Float](repeating: 0, count: one.choiceCount * 8)
                var output = [Float](repeating: 1, count: 16)
                if world.rank % 2 == 0 {
                    try world.combine(partials, one, into: &output)
                } else {
                    try world.combine(partials, two, into: &output)
                }
            }
        }

        @Test func nodesThatPlaceExpertsDifferently() async throws {
            try await expect(.mismatch, from: [0, 1, 2, 3], saying: "places experts on other nodes") { world, _ in
                try Self.dispatch(world, placement: world.rank < 2 ? [0, 1, 0, 1] : [1, 0, 1, 0])
            }
        }

        @Test func aHandleTwice() async throws {
            try await expect(.invalidArgument, from: [0, 1, 2, 3], saying: "combined before") { world, _ in
                let dispatched = try Self.dispatch(world)
                let partials = [Float](repeating: 0, count: dispatched.choiceCount * 8)
                var output = [Float](repeating: 1, count: 16)
                try world.combine(partials, dispatched, into: &output)
                guard output == [Float](repeating: 0, count: 16) else { throw Wrong("\(output)") }
                try world.combine(partials, dispatched, into: &output)
            }
        }

        @Test func aHandleOfAnotherWorld() async throws {
            try await expect(.invalidArgument, saying: "another communicator") { world, errs in
                let other = try world.split(color: 0, key: world.rank)
                let one = try Self.dispatch(world)
                let two = try Self.dispatch(other)
                let partials = [Float](repeating: 0, count: one.choiceCount * 8)
                var output = [Float](repeating: 1, count: 16)
                if errs {
                    try world.combine(partials, two, into: &output)
                } else {
                    try world.combine(partials, one, into: &output)
                }
            }
        }

        @Test func partialsThatDoNotFit() async throws {
            try await expect(.invalidArgument, saying: "the partial results have 1 elements") { world, errs in
                let dispatched = try Self.dispatch(world)
                let partials = [Float](repeating: 0, count: errs ? 1 : dispatched.choiceCount * 8)
                var output = [Float](repeating: 1, count: 16)
                try world.combine(partials, dispatched, into: &output)
            }
        }

        @Test func nodesOfUnequalSize() async throws {
            let uneven = try Topology(nodeOfRank: [0, 0, 1])
            let results = try await withWorld(3) { world in
                try thrown(.unsupported) { () throws(CollectiveError) in
                    try world.use(grid: uneven)
                }
                try thrown(.invalidArgument) { () throws(CollectiveError) in
                    try world.use(grid: Topology(nodeCount: 2, ranksPerNode: 2))
                }
            }
            succeeding(results)
        }
    }
}
