import MixCollectives

/// A dispatch and its combine, as a layer of experts calls them: one routing that is rewritten every time, for a number of
/// tokens that differs from call to call.
final class ExpertCall {
    private static let choices = 4
    private static let greatestTokens = 8

    private let world: Communicator
    private let hidden: Int
    private let node: Int
    private let placement: [Int32]
    private var routing = Routing(experts: [], weights: [], choices: ExpertCall.choices)
    private let rows: UnsafeMutableBufferPointer<Float>
    private let partials: UnsafeMutableBufferPointer<Float>
    private let output: UnsafeMutableBufferPointer<Float>
    private var calls = 0

    /// - Parameter bytes: of the rows of a node's tokens, where there are most.
    init(bytes: Int, world: Communicator) {
        self.world = world
        hidden = max(1, bytes / MemoryLayout<Float>.size / Self.greatestTokens)
        node = world.grid.node(of: world.rank)
        let nodes = world.grid.nodeCount
        placement = (0..<16).map { Int32($0 % nodes) }
        rows = .allocate(capacity: Self.greatestTokens * hidden)
        output = .allocate(capacity: Self.greatestTokens * hidden)
        partials = .allocate(capacity: nodes * Self.greatestTokens * Self.choices * hidden)
        for buffer in [rows, output, partials] { buffer.initialize(repeating: 1) }
    }

    func deallocate() {
        for buffer in [rows, output, partials] { buffer.deallocate() }
    }

    func run() throws(CollectiveError) {
        calls += 1
        // Nodes have different numbers, now and then none.
        let tokens = (calls + 3 * node) % (Self.greatestTokens + 1)
        routing.experts.removeAll(keepingCapacity: true)
        routing.weights.removeAll(keepingCapacity: true)
        for choice in 0..<tokens * Self.choices {
            let expert = (calls &* 7 &+ choice &* 5) % (placement.count + 1)
            routing.experts.append(expert == placement.count ? Routing.none : Int32(expert))
            routing.weights.append(0.25)
        }
        let dispatched = try world.dispatch(
            part(rows, tokens), hidden: hidden, routing: routing, placement: placement)
        var sums = part(output, tokens)
        try world.combine(part(partials, dispatched.choiceCount), dispatched, into: &sums)
    }

    private func part(_ buffer: UnsafeMutableBufferPointer<Float>, _ rows: Int) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(rebasing: buffer[..<(rows * hidden)])
    }
}
