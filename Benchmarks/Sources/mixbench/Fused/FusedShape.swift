import MixCollectives
import MixSchedule

/// One row of a fused operation's table: what is moved, and how little of it has to cross between nodes.
struct FusedShape: Sendable {
    enum Content: Sendable {
        case rows(RowProblem)
        /// Elements per block.
        case blocks(Int)
    }

    var operation: Operation
    var type: DataType
    var nodes: Int
    var lanes: Int
    var content: Content

    /// Elements of a rank's whole buffer: its tokens' rows, or a block for each node.
    var count: Int {
        switch content {
        case .rows(let problem): problem.tokens * problem.hidden
        case .blocks(let count): count * nodes
        }
    }

    var bytes: Int { count * type.size }

    /// The bytes that must leave a node, divided by its lanes; of the node where it is most.
    var leastBytes: Double {
        let leaving =
            switch content {
            case .rows(let problem): (0..<nodes).map { rowsLeaving($0, problem) * rowBytes(problem) }.max() ?? 0
            case .blocks(let count): (nodes - 1) * count * type.size
            }
        return Double(leaving) / Double(lanes)
    }

    /// Bus bandwidth per algorithm bandwidth (Documentation/FusedCollectives.md).
    var busFactor: Double { bytes > 0 ? leastBytes / Double(bytes) : 0 }

    /// A dispatch sends rows to where they are needed; a combine sends one back for each that came.
    private func rowsLeaving(_ node: Int, _ problem: RowProblem) -> Int {
        (0..<nodes).filter { $0 != node }.reduce(0) { sum, other in
            let (from, to) = operation == .fusedCombine ? (other, node) : (node, other)
            return sum + problem.rows(from: from, to: to).count
        }
    }

    /// A row between nodes, all lanes' parts of it together.
    private func rowBytes(_ problem: RowProblem) -> Int {
        let options = problem.options
        switch operation == .fusedCombine ? options.combineFormat : options.dispatchFormat {
        case .input: return problem.hidden * type.size
        case .bfloat16: return problem.hidden * 2
        case .float8:
            // Each part has a scale for every 128 elements.
            let parts = options.slicing == .hidden ? lanes : 1
            let scales = (problem.hidden / parts + 127) / 128
            return problem.hidden + 4 * scales * parts
        }
    }
}
