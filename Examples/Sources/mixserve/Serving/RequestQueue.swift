/// The requests of one microbatch of a data-parallel group. Every rank keeps the queues of all, and so knows without asking who does
/// what.
struct RequestQueue {
    struct Running {
        let request: Int
        let slot: Int
        /// Tokens of the answer so far.
        var answered: Int
    }

    /// How many requests may run at a time.
    let slotCount: Int
    private(set) var waiting: [Int] = []
    private(set) var running: [Running] = []
    private var freeSlots: [Int]
    private let answerTokens: Int
    private let stepTokens: Int

    /// - Parameter slots: those of the cache that its requests may have.
    init(slots: Range<Int>, answerTokens: Int, stepTokens: Int) {
        slotCount = slots.count
        freeSlots = slots.reversed()
        self.answerTokens = answerTokens
        self.stepTokens = stepTokens
    }

    /// Requests that it has.
    var load: Int { waiting.count + running.count }

    mutating func add(_ request: Int) { waiting.append(request) }

    /// Lets requests that wait run, first come, first served, as far as there are slots, and until prompts have more than the
    /// step's tokens together.
    mutating func admit(promptTokens: Int) {
        var tokens = 0
        while let request = waiting.first, !freeSlots.isEmpty {
            tokens += promptTokens
            if tokens > stepTokens, tokens > promptTokens { break }
            waiting.removeFirst()
            running.append(Running(request: request, slot: freeSlots.removeLast(), answered: 0))
        }
    }

    /// After a step: every request that runs has one more token. Returns those that are done, which give their slots back.
    mutating func advance() -> [Running] {
        for index in running.indices { running[index].answered += 1 }
        let done = running.filter { $0.answered == answerTokens }
        running.removeAll { $0.answered == answerTokens }
        freeSlots += done.map(\.slot)
        return done
    }
}
