import MixSchedule

extension ExpertTraffic {
    /// The layouts, in bytes, of fused dispatch and combine and their unfused twins on the ranks of the first node.
    ///
    /// Where experts are wider than tokens (partial results, one row per choice) or float32 (sums), blocks are larger. Rows
    /// are expectations and need not be whole; bytes are rounded.
    func layouts(_ operation: MixSchedule.Operation, nodes: Int, lanes: Int) -> [Layouts] {
        let columns = Layout.equal(count: hidden, blocks: lanes, alignment: hidden >= 16 * lanes ? 16 : 1)
        let widths = (0..<lanes).map { Double(columns.range(ofBlock: $0).count) }
        /// A block per node and lane, of so many bytes per column, for this node and for the others.
        func blocks(own: Double, other: Double) -> [Int] {
            (0..<nodes).flatMap { node in widths.map { ExpertTraffic.whole($0 * (node == 0 ? own : other)) } }
        }
        let (rows, tokens) = (rows(nodes: nodes), Double(tokensPerNode))
        let layouts: Layouts
        if operation == .fusedDispatch {
            let inMemory = Layout.counts(blocks(own: rows * elementBytes, other: rows * elementBytes))
            let onWire = blocks(own: rows * dispatchBytes, other: rows * dispatchBytes)
            layouts = Layouts(
                input: inMemory, output: inMemory, scratch: .counts(onWire + onWire + onWire + onWire))
        } else {
            // Partial results, summed to a row per token and node for the wire; own sums are float32.
            let partials = (sumsChoices ? rows : choiceRows(nodes: nodes)) * elementBytes
            let onWire = blocks(own: tokens * 4, other: rows * combineBytes)
            layouts = Layouts(
                input: .counts(blocks(own: partials, other: partials)),
                output: .counts(widths.map { ExpertTraffic.whole($0 * tokens * elementBytes) }),
                scratch: .counts(onWire + onWire + onWire + onWire))
        }
        return Array(repeating: layouts, count: lanes)
    }

    /// The layouts, in bytes, of an all-to-all between all ranks, each with its share of the tokens and a row for every
    /// rank on which a token has an expert.
    func allToAllLayouts(nodes: Int, lanes: Int, bytesPerElement: Double) -> [Layouts] {
        let ranks = nodes * lanes
        let layout = Layout.uniform(
            blocks: ranks,
            count: ExpertTraffic.whole(rows(nodes: ranks) / Double(lanes) * Double(hidden) * bytesPerElement))
        return Array(repeating: Layouts(input: layout, output: layout), count: lanes)
    }

    /// The nearest number of whole bytes, without the C library's help.
    static func whole(_ bytes: Double) -> Int { Int(bytes + 0.5) }
}
