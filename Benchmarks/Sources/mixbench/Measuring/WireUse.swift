import MixCollectives
import MixSchedule

/// What a rank's links to other nodes did per call, each number of the rank where it is largest.
struct WireUse: Sendable, Equatable {
    /// By the names that the output has, in its order.
    static let names = ["sent", "copied", "doorbells", "work_requests", "completions", "arrivals"]
    var values = [Double](repeating: 0, count: names.count)

    init() {}

    init(_ counters: LinkCounters, calls: Int) {
        values = [
            counters.bytesSent, counters.bytesCopied, counters.doorbells, counters.workRequests, counters.completions,
            counters.arrivals,
        ].map { Double($0) / Double(calls) }
    }

    /// The bytes that no algorithm can do without: what the busiest rank has to send to other nodes, of `nodes` with as
    /// many ranks each. nil: not worked out for this operation.
    static func leastBytes(_ operation: Operation, bytes: Int, ranks: Int, nodes: Int) -> Double? {
        let (bytes, ranks, nodes) = (Double(bytes), Double(ranks), Double(nodes))
        switch operation {
        // Each node sends 2(m−1)/m of the buffer, its ranks a part each.
        case .allReduce: return 2 * (nodes - 1) / nodes * bytes * nodes / ranks
        // Each rank sends its blocks for the ranks of other nodes.
        case .allToAll: return (nodes - 1) / nodes * bytes
        default: return nil
        }
    }
}
