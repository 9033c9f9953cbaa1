/// Which rows a node sends to which, and what for: a routing, sorted by node.
///
/// Rows and choices lie one behind the other: by node, then by token, then by choice. Arrays keep their memory from call
/// to call.
struct RowRoutes {
    /// The token of every row.
    private(set) var tokens: [Int32] = []
    /// Where the rows of each node begin; one entry more at the end.
    private(set) var nodeRows: [Int] = []
    /// How many choices each row serves.
    private(set) var rowChoices: [UInt8] = []
    /// Expert and weight of every choice.
    private(set) var experts: [UInt16] = []
    private(set) var weights: [Float] = []
    /// Where the choices of each node begin; one entry more at the end.
    private(set) var nodeChoices: [Int] = []
    /// For each node, where the rows of each cell begin, counted from the node's first; one entry more at each end.
    private(set) var cellRows: [Int32] = []
    private(set) var cellCount = 0

    private var cursors: [Int] = []
    private var choiceCursors: [Int] = []
    private var latest: [Int32] = []

    /// Sorts a routing whose experts are all in `placement`, or ``Routing/none``.
    mutating func sort(
        _ routing: Routing, _ placement: [Int32], nodeCount: Int, deduplicates: Bool, _ cells: TokenCells
    ) {
        let (tokenCount, k) = (routing.tokenCount, routing.choices)
        var rows = Array(repeating: 0, count: nodeCount + 1)
        var choices = rows
        reset(&latest, nodeCount, to: -1)
        for token in 0..<tokenCount {
            for choice in token * k..<(token + 1) * k where routing.experts[choice] != Routing.none {
                let node = Int(placement[Int(routing.experts[choice])])
                choices[node + 1] += 1
                guard !deduplicates || latest[node] != Int32(token) else { continue }
                latest[node] = Int32(token)
                rows[node + 1] += 1
            }
        }
        for node in 0..<nodeCount {
            rows[node + 1] += rows[node]
            choices[node + 1] += choices[node]
        }
        nodeRows = rows
        nodeChoices = choices
        reset(&tokens, rows[nodeCount], to: 0)
        reset(&rowChoices, rows[nodeCount], to: 0)
        reset(&experts, choices[nodeCount], to: 0)
        reset(&weights, choices[nodeCount], to: 0)
        cursors = rows
        choiceCursors = choices
        cellCount = cells.count
        reset(&cellRows, nodeCount * (cells.count + 1), to: 0)
        reset(&latest, nodeCount, to: -1)
        var cell = 0
        for token in 0..<tokenCount {
            while cell < cells.count, cells.start(cell) <= token {
                markCell(cell, nodeCount)
                cell += 1
            }
            for choice in token * k..<(token + 1) * k where routing.experts[choice] != Routing.none {
                let expert = routing.experts[choice]
                let node = Int(placement[Int(expert)])
                if !deduplicates || latest[node] != Int32(token) {
                    latest[node] = Int32(token)
                    tokens[cursors[node]] = Int32(token)
                    cursors[node] += 1
                }
                rowChoices[cursors[node] - 1] += 1
                experts[choiceCursors[node]] = UInt16(truncatingIfNeeded: expert)
                weights[choiceCursors[node]] = routing.weights[choice]
                choiceCursors[node] += 1
            }
        }
        while cell <= cells.count {
            markCell(cell, nodeCount)
            cell += 1
        }
    }

    /// Rows of the node's list that are in these cells.
    func rows(to node: Int, _ cells: Range<Int>) -> Range<Int> {
        let base = node * (cellCount + 1)
        return Int(cellRows[base + cells.lowerBound])..<Int(cellRows[base + cells.upperBound])
    }

    private mutating func markCell(_ cell: Int, _ nodeCount: Int) {
        for node in 0..<nodeCount { cellRows[node * (cellCount + 1) + cell] = Int32(cursors[node] - nodeRows[node]) }
    }

    private func reset<Element>(_ array: inout [Element], _ count: Int, to value: Element) {
        array.removeAll(keepingCapacity: true)
        array.append(contentsOf: repeatElement(value, count: count))
    }
}
