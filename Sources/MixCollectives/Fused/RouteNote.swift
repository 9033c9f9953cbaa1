/// What a node tells another about the rows that it sends: how many, how they are cut, and which experts they are for.
///
/// The first message of a dispatch has one size for all, so that nobody has to be told it: the counts, and the experts too
/// where they fit. Else a second message has these.
struct RouteNote {
    /// Bytes of the first message that are for experts.
    static let inlineBytes = 896
    private static let headBytes = 32

    let memory: UnsafeMutableRawPointer
    let cellCount: Int

    static func bytes(cells: Int) -> Int { headBytes + SharedHeap.roundedUp(4 * (cells + 1), 64) + inlineBytes }

    /// Bytes of the list of experts: choices per row, then experts, then weights.
    static func listBytes(rows: Int, choices: Int) -> Int {
        SharedHeap.roundedUp(rows, 4) + SharedHeap.roundedUp(2 * choices, 4) + 4 * choices
    }

    var hidden: Int { word(0) }
    var options: UInt32 { UInt32(word(1)) }
    var tokens: Int { word(2) }
    var rows: Int { word(3) }
    var choices: Int { word(4) }
    var type: Int { word(5) }
    var listBytes: Int { Self.listBytes(rows: rows, choices: choices) }
    var isInline: Bool { listBytes <= Self.inlineBytes }
    /// Bytes of the second message; 0: there is none.
    var secondBytes: Int { isInline ? 0 : SharedHeap.roundedUp(listBytes, 64) }
    /// Where the rows of each cell begin.
    var cellRows: UnsafePointer<Int32> {
        UnsafePointer((memory + Self.headBytes).assumingMemoryBound(to: Int32.self))
    }
    private var inlineList: UnsafeMutableRawPointer {
        memory + (Self.bytes(cells: cellCount) - Self.inlineBytes)
    }

    /// Where the list is: in this message or the second.
    func list(second: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer { isInline ? inlineList : second! }

    func write(hidden: Int, options: UInt32, tokens: Int, type: DataType, _ routes: RowRoutes, to node: Int) {
        store(hidden, 0)
        store(Int(options), 1)
        store(tokens, 2)
        store(routes.rows[node].count, 3)
        store(routes.choices(node).count, 4)
        store(Int(type.rawValue), 5)
        for cell in 0...cellCount {
            memory.storeBytes(
                of: routes.rows.cellStart(node, cell), toByteOffset: Self.headBytes + 4 * cell, as: Int32.self)
        }
        if isInline { Self.writeList(routes, node, to: inlineList) }
    }

    static func writeList(_ routes: RowRoutes, _ node: Int, to list: UnsafeMutableRawPointer) {
        let (rows, choices) = (routes.rows[node], routes.choices(node))
        let parts = RouteNote.parts(list, rows: rows.count, choices: choices.count)
        routes.rowChoices.withUnsafeBufferPointer { copy($0, rows, to: parts.rowChoices) }
        routes.experts.withUnsafeBufferPointer { copy($0, choices, to: parts.experts) }
        routes.weights.withUnsafeBufferPointer { copy($0, choices, to: parts.weights) }
    }

    /// The three arrays of a list.
    static func parts(_ list: UnsafeMutableRawPointer, rows: Int, choices: Int) -> (
        rowChoices: UnsafeMutablePointer<UInt8>, experts: UnsafeMutablePointer<UInt16>,
        weights: UnsafeMutablePointer<Float>
    ) {
        let experts = list + SharedHeap.roundedUp(rows, 4)
        return (
            list.assumingMemoryBound(to: UInt8.self), experts.assumingMemoryBound(to: UInt16.self),
            (experts + SharedHeap.roundedUp(2 * choices, 4)).assumingMemoryBound(to: Float.self)
        )
    }

    /// Whether the counts can be believed: they came over a wire.
    func isPlausible(greatestChoices: Int) -> Bool {
        guard choices >= rows, choices <= rows * greatestChoices, cellRows[0] == 0, cellRows[cellCount] == rows else {
            return false
        }
        return (0..<cellCount).allSatisfy { cellRows[$0] <= cellRows[$0 + 1] }
    }

    /// Whether a list that came over a wire fits the counts, and names experts of this node.
    func isConsistent(_ list: UnsafeMutableRawPointer, _ placement: [Int32], node: Int) -> Bool {
        let parts = Self.parts(list, rows: rows, choices: choices)
        var sum = 0
        for row in 0..<rows { sum += Int(parts.rowChoices[row]) }
        return sum == choices
            && (0..<choices).allSatisfy {
                let expert = Int(parts.experts[$0])
                return expert < placement.count && Int(placement[expert]) == node
            }
    }

    private func word(_ index: Int) -> Int { Int(memory.load(fromByteOffset: 4 * index, as: UInt32.self)) }

    private func store(_ word: Int, _ index: Int) {
        memory.storeBytes(of: UInt32(word), toByteOffset: 4 * index, as: UInt32.self)
    }

    private static func copy<Element: BitwiseCopyable>(
        _ source: UnsafeBufferPointer<Element>, _ range: Range<Int>, to destination: UnsafeMutablePointer<Element>
    ) {
        guard !range.isEmpty else { return }
        destination.update(from: source.baseAddress! + range.lowerBound, count: range.count)
    }
}
