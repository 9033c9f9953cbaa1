/// The rows that a node got in one dispatch, its own among them, and the choices that they are for.
///
/// Rows lie by source node, then by token. Choices are numbered by expert, then by row: an expert's are a run.
struct Arrivals {
    /// Where the rows of each source node begin; one entry more at the end.
    private(set) var nodeRows: [Int] = []
    /// For each source node, where the rows of each cell begin, counted from the node's first.
    private(set) var cellRows: [Int32] = []
    private(set) var cellCount = 0
    /// Where the choices of each row begin in `rowSlots`; one entry more at the end.
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

    private var counts: [Int] = []

    /// Takes in the notes of all source nodes and their lists.
    mutating func read(_ notes: [(note: RouteNote, list: UnsafeMutableRawPointer)], expertCount: Int) {
        nodeRows.removeAll(keepingCapacity: true)
        nodeRows.append(0)
        cellRows.removeAll(keepingCapacity: true)
        cellCount = notes[0].note.cellCount
        var choices = 0
        counts.removeAll(keepingCapacity: true)
        counts.append(contentsOf: repeatElement(0, count: expertCount + 1))
        for (note, list) in notes {
            nodeRows.append(nodeRows.last! + note.rows)
            for cell in 0...cellCount { cellRows.append(note.cellRows[cell]) }
            let parts = RouteNote.parts(list, rows: note.rows, choices: note.choices)
            for choice in 0..<note.choices { counts[Int(parts.experts[choice]) + 1] += 1 }
            choices += note.choices
        }
        experts.removeAll(keepingCapacity: true)
        expertStarts.removeAll(keepingCapacity: true)
        for expert in 0..<expertCount {
            if counts[expert + 1] > 0 {
                experts.append(expert)
                expertStarts.append(counts[expert])
            }
            counts[expert + 1] += counts[expert]
        }
        expertStarts.append(choices)
        rowStarts.removeAll(keepingCapacity: true)
        rowStarts.append(0)
        slots.removeAll(keepingCapacity: true)
        slotWeights.removeAll(keepingCapacity: true)
        fill(&choiceRows, choices, 0)
        fill(&choiceWeights, choices, 0)
        var row = 0
        for (note, list) in notes {
            let parts = RouteNote.parts(list, rows: note.rows, choices: note.choices)
            var choice = 0
            for index in 0..<note.rows {
                for _ in 0..<Int(parts.rowChoices[index]) {
                    let slot = counts[Int(parts.experts[choice])]
                    counts[Int(parts.experts[choice])] += 1
                    slots.append(Int32(slot))
                    slotWeights.append(parts.weights[choice])
                    choiceRows[slot] = Int32(row)
                    choiceWeights[slot] = parts.weights[choice]
                    choice += 1
                }
                rowStarts.append(Int32(slots.count))
                row += 1
            }
        }
    }

    /// Rows of the source node's list that are in these cells.
    func rows(from node: Int, _ cells: Range<Int>) -> Range<Int> {
        let base = node * (cellCount + 1)
        return Int(cellRows[base + cells.lowerBound])..<Int(cellRows[base + cells.upperBound])
    }

    private func fill<Element>(_ array: inout [Element], _ count: Int, _ value: Element) {
        array.removeAll(keepingCapacity: true)
        array.append(contentsOf: repeatElement(value, count: count))
    }
}
