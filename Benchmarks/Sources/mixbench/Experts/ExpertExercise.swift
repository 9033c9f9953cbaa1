import MixCollectives
import MixMoE

/// The experts of a layer at work.
struct ExpertExercise<Element: ExpertElement> {
    private struct Call {
        var rows: [Element]
        var choiceRows: [Int32]
        var runs: [(slot: Int, choices: Range<Int>)]
    }

    private let bank: ExpertBank
    private let tokens: Int
    private var calls: [Call] = []
    private var partials: [Element]

    /// - Parameter shared: the slot of the shared expert, if there is one.
    init(bank: ExpertBank, routes: ExpertRoutes, shared: Int?, make: (Float) -> Element) {
        self.bank = bank
        tokens = routes.inputs[0].count
        var random = SystemRandomNumberGenerator()
        for input in routes.inputs {
            var pairs = input.enumerated().flatMap { token, experts in experts.map { (expert: $0, token: Int32(token)) }
            }
            if let shared { pairs += (0..<Int32(tokens)).map { (shared, $0) } }
            pairs.sort { ($0.expert, $0.token) < ($1.expert, $1.token) }
            var runs: [(slot: Int, choices: Range<Int>)] = []
            for (choice, pair) in pairs.enumerated() {
                if let last = runs.last, last.slot == pair.expert {
                    runs[runs.count - 1].choices = last.choices.lowerBound..<choice + 1
                } else {
                    runs.append((pair.expert, choice..<choice + 1))
                }
            }
            let rows = (0..<tokens * bank.hidden).map { _ in make(Float.random(in: -1...1, using: &random)) }
            calls.append(Call(rows: rows, choiceRows: pairs.map(\.token), runs: runs))
        }
        partials = Array(repeating: make(0), count: calls.map { $0.choiceRows.count }.max()! * bank.hidden)
    }

    /// Seconds of each of the calls that fit into some time, every input in turn.
    mutating func measure(seconds: Double) -> [Double] {
        var times: [Double] = []
        for index in calls.indices { run(index) }
        let end = Clock.now() + Int64(seconds * 1e9)
        while times.count < 3 || Clock.now() < end {
            let start = Clock.now()
            run(times.count % calls.count)
            times.append(Double(Clock.now() - start) * 1e-9)
        }
        return times
    }

    /// Seconds of so many calls, every input in turn.
    mutating func time(calls count: Int) -> Double {
        let start = Clock.now()
        for call in 0..<count { run(call % calls.count) }
        return Double(Clock.now() - start) * 1e-9
    }

    private mutating func run(_ index: Int) {
        let (bank, call) = (bank, calls[index])
        var results = partials.mutableSpan
        bank.forward(
            rows: call.rows.span, choiceRows: call.choiceRows, choiceScales: nil, runs: call.runs, into: &results)
    }
}
