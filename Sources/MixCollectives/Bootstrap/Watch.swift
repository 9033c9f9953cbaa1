internal import CMixSystem
internal import Glibc

/// The ranks that a launcher started, until the last of them has ended.
struct Watch {
    private struct Child {
        var process: Int32
        /// Readable when the child has ended; −1 once it was reaped.
        var descriptor: Int32
    }

    private var children: [Child] = []
    private let signals: Int32
    private let grace: Duration
    private var firstFailure: Int32 = 0
    /// When the next, harsher means is due.
    private var deadline: Int64?
    private var means: [Int32] = [SIGTERM, SIGKILL]

    init(ranks: Int, grace: Duration) throws(CollectiveError) {
        self.grace = grace
        signals = mix_signals_open()
        guard signals >= 0 else { throw .system("taking over signals", -signals) }
        children.reserveCapacity(ranks)
    }

    mutating func start(
        _ program: String, _ arguments: [String], _ environment: [String: String], processor: Int?
    ) throws(CollectiveError) {
        var strings = arguments.map { strdup($0) }
        strings.append(nil)
        var variables = environment.map { strdup("\($0.key)=\($0.value)") }
        variables.append(nil)
        defer { for string in strings + variables { free(string) } }
        var descriptor: Int32 = -1
        let process = mix_spawn(program, strings, variables, Int32(processor ?? -1), &descriptor)
        guard process > 0 else { throw .system("starting rank \(children.count) of \(program)", -process) }
        children.append(Child(process: process, descriptor: descriptor))
    }

    mutating func waitForAll() -> Int32 {
        while children.contains(where: { $0.descriptor >= 0 }) {
            let index = mix_wait_for_any(children.map(\.descriptor), Int32(children.count), signals, millisecondsLeft)
            if index == children.count {
                let signal = mix_signals_read(signals)
                if signal > 0 { pass(signal) }
            } else if index >= 0 {
                reap(Int(index))
            } else {
                useNextMeans()
            }
        }
        return firstFailure
    }

    /// Ends whatever still runs; after `waitForAll` nothing does.
    mutating func end() {
        for index in children.indices where children[index].descriptor >= 0 {
            _ = mix_kill(children[index].process, SIGKILL)
            var status: Int32 = 0
            _ = mix_reap(children[index].process, &status)
            mix_close(children[index].descriptor)
        }
        mix_signals_close(signals)
    }

    private var millisecondsLeft: Int32 {
        guard let deadline else { return -1 }
        return Int32(clamping: max(0, (deadline - mix_now() + 999_999) / 1_000_000))
    }

    private mutating func reap(_ rank: Int) {
        var status: Int32 = 0
        _ = mix_reap(children[rank].process, &status)
        mix_close(children[rank].descriptor)
        children[rank].descriptor = -1
        guard status != 0, firstFailure == 0 else { return }
        firstFailure = status
        if deadline == nil { deadline = mix_now() + grace.nanoseconds }
        let how = status > 128 ? "was killed by signal \(status - 128)" : "ended with status \(status)"
        let line = "rank \(rank) (process \(children[rank].process) on \(Host.name)) \(how)\n"
        _ = line.utf8.withContiguousStorageIfAvailable { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private mutating func pass(_ signal: Int32) {
        send(signal)
        if firstFailure == 0 { firstFailure = 128 + signal }
        deadline = mix_now() + grace.nanoseconds
    }

    private mutating func useNextMeans() {
        guard !means.isEmpty else {
            deadline = nil
            return
        }
        send(means.removeFirst())
        deadline = mix_now() + 2_000_000_000
    }

    private func send(_ signal: Int32) {
        for child in children where child.descriptor >= 0 { _ = mix_kill(child.process, signal) }
    }
}
