/// Which rows a node sends to which, and what for: a routing, sorted by node.
///
/// Rows and choices lie one behind the other: by node, then by token, then by choice. Arrays keep their memory from call
/// to call.
struct RowRoutes {
    var rows = NodeRows()
    /// The token of every row.
    private(set) var tokens: [Int32] = []
    /// How many choices each row serves.
    private(set) var rowChoices: [UInt8] = []
    /// Expert and weight of every choice.
    private(set) var experts: [UInt16] = []
    private(set) var weights: [Float] = []
    /// Where the choices of each node begin; one entry more at the end.
    private var nodeChoices: [Int] = []

    /// For each node, its rows or its next row, its next choice, and the token that had a row there last.
    private var nextRows: [Int] = []
    private var nextChoices: [Int] = []
    private var latest: [Int32] = []

    /// The choices that a node's rows serve.
    func choices(_ node: Int) -> Range<Int> { nodeChoices[node]..<nodeChoices[node + 1] }

    /// Sorts a routing whose experts are all in `placement`, or ``Routing/none``.
    mutating func sort(
        _ routing: Routing, _ placement: [Int32], nodeCount: Int, deduplicates: Bool, _ cells: TokenCells
    ) {
        let (tokenCount, k) = (routing.tokenCount, routing.choices)
        nextRows.refill(nodeCount, 0)
        nodeChoices.refill(nodeCount + 1, 0)
        latest.refill(nodeCount, -1)
        for token in 0..<tokenCount {
            for choice in token * k..<(token + 1) * k where routing.experts[choice] != Routing.none {
                let node = Int(placement[Int(routing.experts[choice])])
                nodeChoices[node + 1] += 1
                guard !deduplicates || latest[node] != Int32(token) else { continue }
                latest[node] = Int32(token)
                nextRows[node] += 1
            }
        }
        rows.clear(cellCount: cells.count)
        nextChoices.removeAll(keepingCapacity: true)
        for node in 0..<nodeCount {
            rows.append(rows: nextRows[node])
            nextRows[node] = rows.starts[node]
            nodeChoices[node + 1] += nodeChoices[node]
            nextChoices.append(nodeChoices[node])
        }
        tokens.refill(rows.count, 0)
        rowChoices.refill(rows.count, 0)
        experts.refill(nodeChoices[nodeCount], 0)
        weights.refill(nodeChoices[nodeCount], 0)
        latest.refill(nodeCount, -1)
        var cell = 0
        for token in 0..<tokenCount {
            while cell < cells.count, cells.start(cell) <= token { begin(&cell) }
            for choice in token * k..<(token + 1) * k where routing.experts[choice] != Routing.none {
                let expert = routing.experts[choice]
                let node = Int(placement[Int(expert)])
                if !deduplicates || latest[node] != Int32(token) {
                    latest[node] = Int32(token)
                    tokens[nextRows[node]] = Int32(token)
                    nextRows[node] += 1
                }
                rowChoices[nextRows[node] - 1] += 1
                experts[nextChoices[node]] = UInt16(truncatingIfNeeded: expert)
                weights[nextChoices[node]] = routing.weights[choice]
                nextChoices[node] += 1
            }
        }
        while cell <= cells.count { begin(&cell) }
    }

    /// The next cell begins with the rows that come next.
    private mutating func begin(_ cell: inout Int) {
        for node in 0..<rows.nodeCount { rows.setCellStart(node, cell, nextRows[node] - rows.starts[node]) }
        cell += 1
    }
}
