/// A line on the terminal that says how far a run is; nothing where there is no terminal.
struct ProgressLine {
    private let name: String
    private let isShown: Bool
    private let clock = ContinuousClock()
    private var shown: ContinuousClock.Instant

    init(_ name: String, isShown: Bool) {
        self.name = name
        self.isShown = isShown && Console.errorIsTerminal
        shown = clock.now - .seconds(1)
    }

    /// At most ten times a second.
    mutating func show(requests: Int, of total: Int, waiting: Int, running: Int) {
        guard isShown, clock.now - shown > .milliseconds(100) else { return }
        shown = clock.now
        Console.error(
            "\r\u{1b}[K\(name): \(requests) of \(total) requests answered, \(running) running, \(waiting) waiting")
    }

    func clear() { if isShown { Console.error("\r\u{1b}[K") } }
}
