import Foundation

/// A bar on standard error, once something takes longer than a second, if somebody looks.
final class ProgressBar {
    private let begin = ContinuousClock.now
    private let isSeen = isatty(STDERR_FILENO) == 1
    private var shown = -1

    /// Shows that so much is done, 0 to 1.
    func show(_ part: Double) {
        guard isSeen, ContinuousClock.now - begin > .seconds(1) else { return }
        let percent = Int(part * 100)
        guard percent != shown else { return }
        shown = percent
        let full = percent * 40 / 100
        let bar = String(repeating: "█", count: full) + String(repeating: "·", count: 40 - full)
        FileHandle.standardError.write(Data("\r\(bar) \(percent) %".utf8))
    }

    /// Takes the bar away.
    func finish() {
        if shown >= 0 { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    }
}
