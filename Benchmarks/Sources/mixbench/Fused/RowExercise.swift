import MixCollectives

/// A dispatch, or a combine of what a dispatch brought.
final class RowExercise<Element: RowElement>: FusedExercise {
    private let world: Communicator
    private let problem: RowProblem
    private let combines: Bool
    private let node: Int
    private let lane: Int
    private let routing: Routing
    private let placement: [Int32]
    private let input: SharedArray<Element>
    private var dispatched: Dispatched<Element>?
    private var partials: SharedArray<Element>?
    private let output: SharedArray<Element>

    init(_ problem: RowProblem, combines: Bool, world: Communicator) throws(CollectiveError) {
        self.world = world
        self.problem = problem
        self.combines = combines
        (node, lane) = (world.grid.node(of: world.rank), world.grid.lane(of: world.rank))
        routing = problem.routing(of: node)
        placement = problem.placement
        input = try SharedArray(problem.tokens * problem.hidden, world)
        output = try SharedArray(problem.tokens * problem.hidden, world)
        for token in 0..<problem.tokens {
            for column in 0..<problem.hidden {
                input.elements[token * problem.hidden + column] = Element(RowProblem.element(node, token, column))
            }
        }
    }

    func prepare() throws(CollectiveError) {
        guard combines else { return }
        try dispatch()
        if partials == nil { partials = try results(of: dispatched!) }
        try world.barrier()
    }

    func call() throws(CollectiveError) {
        guard combines else { return try dispatch() }
        var output = output.elements
        try world.combine(partials!.elements, dispatched!, into: &output)
    }

    private func dispatch() throws(CollectiveError) {
        // Given back first, so that one memory serves all calls.
        dispatched = nil
        dispatched = try world.dispatch(
            input.elements, hidden: problem.hidden, routing: routing, placement: placement, options: problem.options)
    }

    /// What this lane's shares of the experts make of the rows.
    private func results(of dispatched: borrowing Dispatched<Element>) throws(CollectiveError) -> SharedArray<Element> {
        let hidden = problem.hidden
        let results = try SharedArray<Element>(dispatched.choiceCount * hidden, world)
        let rows = dispatched.rows
        let choiceRows = dispatched.choiceRows
        for (index, expert) in dispatched.experts.enumerated() {
            let share = RowProblem.share(expert: expert, lane: lane)
            for choice in dispatched.choices(ofExpertAt: index) {
                let first = Int(choiceRows[choice]) * hidden
                for column in 0..<hidden {
                    results.elements[choice * hidden + column] = Element(rows[first + column].wide * share)
                }
            }
        }
        return results
    }

    // MARK: Checks

    func countWrong() -> Int {
        guard dispatched != nil else { return 1 }
        return combines ? countWrongSums() : countWrongRows(dispatched!)
    }

    private func countWrongRows(_ dispatched: borrowing Dispatched<Element>) -> Int {
        let sources = (0..<problem.nodes).map { problem.rows(from: $0, to: node) }
        let count = sources.reduce(0) { $0 + $1.count }
        guard dispatched.rowCount == count else { return max(count, dispatched.rowCount) * problem.hidden }
        // e4m3 has four bits, and a least step of its block's greatest element.
        let (relative, absolute) =
            problem.options.dispatchFormat == .float8 ? (0x1p-4, 0x1p-10 / 448) : (0, 0)
        let rows = dispatched.rows
        var (wrong, index) = (0, 0)
        for (source, tokens) in sources.enumerated() {
            for token in tokens {
                for column in 0..<problem.hidden {
                    let right = Double(RowProblem.element(source, token, column))
                    let error = abs(Double(rows[index].wide) - right)
                    if !(error <= relative * abs(right) + absolute) { wrong += 1 }
                    index += 1
                }
            }
        }
        return wrong
    }

    private func countWrongSums() -> Int {
        let tolerance = Element.tolerance(problem.options.combineFormat)
        var wrong = 0
        for token in 0..<problem.tokens {
            let factor = (token * problem.choices..<(token + 1) * problem.choices).reduce(0.0) { sum, choice in
                let expert = Int(routing.experts[choice])
                let whole = (0..<problem.lanes).reduce(0.0) { $0 + Double(RowProblem.share(expert: expert, lane: $1)) }
                return sum + Double(routing.weights[choice]) * whole
            }
            for column in 0..<problem.hidden {
                let right = Double(RowProblem.element(node, token, column)) * factor
                let found = Double(output.elements[token * problem.hidden + column].wide)
                if !(abs(found - right) <= tolerance * abs(right)) { wrong += 1 }
            }
        }
        return wrong
    }
}
