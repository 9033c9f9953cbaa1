/// The rows that a node got in one dispatch, its own among them, and the choices that they are for.
///
/// Rows lie by source node, then by token. Choices are numbered by expert, then by row: an expert's are a run. Arrays keep
/// their memory from call to call.
struct Arrivals {
    var rows = NodeRows()
    /// Where the choices of each row begin in `slots`; one entry more at the end.
    private(set) var rowStarts: [Int32] = []
    /// The number of each choice, row by row, and its weight.
    private(set) var slots: [Int32] = []
    private(set) var slotWeights: [Float] = []
    /// The row of each choice, by its number.
    private(set) var choiceRows: [Int32] = []
    private(set) var choiceWeights: [Float] = []
    /// Experts with choices, in order, and where each one's begin; one entry more at the end.
    private(set) var experts: [Int] = []
    private(set) var expertStarts: [Int] = []

    /// For each expert, its choices, or the number of its next one.
    private var next: [Int] = []

    /// Takes in the notes of so many nodes and their lists.
    mutating func read(
        nodeCount: Int, cellCount: Int, expertCount: Int,
        _ noteOf: (_ node: Int) -> (note: RouteNote, list: UnsafeMutableRawPointer)
    ) {
        rows.clear(cellCount: cellCount)
        next.refill(expertCount, 0)
        for node in 0..<nodeCount {
            let (note, list) = noteOf(node)
            rows.append(rows: note.rows)
            for cell in 0...cellCount { rows.setCellStart(node, cell, Int(note.cellRows[cell])) }
            let parts = RouteNote.parts(list, rows: note.rows, choices: note.choices)
            for choice in 0..<note.choices { next[Int(parts.experts[choice])] += 1 }
        }
        experts.removeAll(keepingCapacity: true)
        expertStarts.removeAll(keepingCapacity: true)
        var choices = 0
        for expert in 0..<expertCount where next[expert] > 0 {
            experts.append(expert)
            expertStarts.append(choices)
            (next[expert], choices) = (choices, choices + next[expert])
        }
        expertStarts.append(choices)
        choiceRows.refill(choices, 0)
        choiceWeights.refill(choices, 0)
        slots.removeAll(keepingCapacity: true)
        slotWeights.removeAll(keepingCapacity: true)
        rowStarts.removeAll(keepingCapacity: true)
        rowStarts.append(0)
        for node in 0..<nodeCount {
            let (note, list) = noteOf(node)
            let parts = RouteNote.parts(list, rows: note.rows, choices: note.choices)
            var choice = 0
            for row in 0..<note.rows {
                for _ in 0..<Int(parts.rowChoices[row]) {
                    let (expert, weight) = (Int(parts.experts[choice]), parts.weights[choice])
                    let slot = next[expert]
                    next[expert] += 1
                    slots.append(Int32(slot))
                    slotWeights.append(weight)
                    choiceRows[slot] = Int32(rows.starts[node] + row)
                    choiceWeights[slot] = weight
                    choice += 1
                }
                rowStarts.append(Int32(slots.count))
            }
        }
    }
}
