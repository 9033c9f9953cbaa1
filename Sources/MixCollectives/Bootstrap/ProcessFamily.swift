internal import CMixSystem
internal import Glibc

/// The rank processes of one launch, from their start to their last status.
struct ProcessFamily: ~Copyable {
    private struct Member {
        let process: Int32
        /// Readable when the process ends; negative on kernels that can't say so.
        var file: Int32
        /// Until it is reaped its id is ours alone, and safe to signal.
        var running = true
    }

    private enum Phase { case running, grace, terminating, killing }

    private static let terminationTime: Duration = .seconds(2)
    /// How often to look where the kernel has no process descriptors (before Linux 5.3).
    private static let fallbackInterval: Int32 = 20

    private let grace: Duration
    private let signals: Int32
    private var members: [Member] = []
    private var phase = Phase.running
    private var deadline = Int64.max
    private var status: Int32 = 0

    init(grace: Duration, signals: Int32) {
        self.grace = grace
        self.signals = signals
    }

    mutating func add(_ process: Int32) {
        members.append(Member(process: process, file: mix_process_file(process)))
    }

    /// Waits for all members, passing signals on; the status of the first that failed.
    mutating func wait() throws(CollectiveError) -> Int32 {
        while members.contains(where: \.running) {
            let files = members.map { $0.running ? $0.file : -1 } + [signals]
            let result = mix_wait_ready(files, Int32(files.count), patience)
            guard result >= 0 else { throw .system("waiting for ranks", -result) }
            forwardSignals()
            try reap()
            if mix_now() >= deadline { advance() }
        }
        return status
    }

    /// Kills and reaps whoever still runs.
    mutating func end() {
        signalAll(SIGKILL)
        for index in members.indices {
            if members[index].running { _ = waitpid(members[index].process, nil, 0) }
            if members[index].file >= 0 { mix_close(members[index].file) }
        }
        members = []
    }

    /// Milliseconds to the next thing to do, -1 when only an event brings one.
    private var patience: Int32 {
        var limit: Int32 = -1
        if deadline != .max { limit = Int32(clamping: max(0, deadline - mix_now()) / 1_000_000 + 1) }
        guard members.contains(where: { $0.running && $0.file < 0 }) else { return limit }
        return limit < 0 ? Self.fallbackInterval : min(limit, Self.fallbackInterval)
    }

    private mutating func forwardSignals() {
        while true {
            var fromTerminal: Int32 = 0
            let signal = mix_signals_next(&fromTerminal)
            if signal == 0 { return }
            if fromTerminal == 0 { signalAll(signal) }
        }
    }

    private mutating func reap() throws(CollectiveError) {
        var failures: [(rank: Int, status: Int32, signal: Int32)] = []
        for rank in members.indices where members[rank].running {
            var status: Int32 = 0
            var signal: Int32 = 0
            let result = mix_reap(members[rank].process, &status, &signal)
            guard result >= 0 else { throw .system("asking for the status of rank \(rank)", -result) }
            if result == 0 { continue }
            members[rank].running = false
            if members[rank].file >= 0 { mix_close(members[rank].file) }
            members[rank].file = -1
            if status != 0 { failures.append((rank, status, signal)) }
        }
        // Of ranks that ended together, one that was killed is the cause and the others noticed.
        guard phase == .running, let first = failures.first(where: { $0.signal != 0 }) ?? failures.first else { return }
        status = first.status
        phase = .grace
        let now = mix_now()
        deadline = now + min(grace.nanoseconds, .max - now - 1)
        let cause =
            first.signal != 0
            ? "was killed by signal \(first.signal) (SIG\(String(cString: mix_signal_text(first.signal))))"
            : "ended with status \(first.status)"
        say("rank \(first.rank) of \(members.count) on \(Host.name) \(cause)")
    }

    /// The deadline of this phase has passed: be less patient.
    private mutating func advance() {
        let left = members.indices.filter { members[$0].running }
        guard !left.isEmpty else { return }
        let ranks = (left.count == 1 ? "rank " : "ranks ") + left.map(String.init).joined(separator: ", ")
        switch phase {
        case .grace:
            say("\(ranks) still ran \(grace) later and \(left.count == 1 ? "is" : "are") sent SIGTERM")
            signalAll(SIGTERM)
            phase = .terminating
            deadline = mix_now() + Self.terminationTime.nanoseconds
        case .terminating:
            say("\(ranks) did not heed SIGTERM and \(left.count == 1 ? "is" : "are") killed")
            signalAll(SIGKILL)
            phase = .killing
            deadline = .max
        case .running, .killing: deadline = .max
        }
    }

    private func signalAll(_ signal: Int32) {
        for member in members where member.running {
            _ = mix_kill(member.process, signal)
            // A stopped process would act on it only when somebody continues it.
            if signal == SIGTERM { _ = mix_kill(member.process, SIGCONT) }
        }
    }

    private func say(_ text: String) {
        let line = Array("launcher: \(text)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}
