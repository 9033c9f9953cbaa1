import MixSchedule

/// A line on the terminal that says what is being measured; nothing where there is no terminal.
struct Progress {
    private let total: Int
    private let isShown: Bool
    private var done = 0

    init(total: Int, isShown: Bool) {
        self.total = total
        self.isShown = isShown && Console.errorIsTerminal
    }

    mutating func show(_ row: Row, _ place: Place) {
        done += 1
        guard isShown else { return }
        let size = ByteSize(row.shape.bytes)
        let name = place == .outOfPlace ? "out of place" : "in place"
        Console.error("\r\u{1b}[K\(done) of \(total): \(row.sweep.operation.rawValue), \(size), \(name)")
    }

    func clear() { if isShown { Console.error("\r\u{1b}[K") } }
}
