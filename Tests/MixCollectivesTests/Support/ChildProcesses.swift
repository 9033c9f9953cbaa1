import CMixSystem
import Foundation

/// Processes that a test starts together, with their output and one hard time limit for all of them.
///
/// Nothing here sleeps or guesses: one `poll` waits for output and for ends. Whatever still runs when the limit
/// passes, or when the value goes away, is killed with its process group.
final class ChildProcesses {
    /// What to start.
    struct Command {
        /// A path, or a name to look for on `PATH`.
        var executable: String
        var arguments: [String] = []
        /// Variables besides those of the test's own process.
        var environment: [String: String] = [:]

        /// The tests' own rank program.
        static func testRank(_ arguments: String..., environment: [String: String] = [:]) -> Command {
            Command(executable: testRankPath, arguments: arguments, environment: environment)
        }
    }

    /// One process and what it has said so far.
    struct Child {
        let process: pid_t
        /// Nil while it runs; 128 + signal when one killed it, as a shell has it.
        fileprivate(set) var status: Int32?
        fileprivate(set) var outputBytes: [UInt8] = []
        fileprivate(set) var errorBytes: [UInt8] = []
        /// Whether nobody holds its standard output open any more, none of its descendants either.
        var outputEnded: Bool { outputFile < 0 }

        var output: String { String(decoding: outputBytes, as: UTF8.self) }
        var errors: String { String(decoding: errorBytes, as: UTF8.self) }
        /// The complete lines of its standard output.
        var lines: [String] {
            guard let end = outputBytes.lastIndex(of: 10) else { return [] }
            return outputBytes[..<end].split(separator: 10).map { String(decoding: $0, as: UTF8.self) }
        }

        /// Takes what is there to read.
        fileprivate mutating func drain() {
            Self.drain(&outputFile, into: &outputBytes)
            Self.drain(&errorFile, into: &errorBytes)
        }

        private static func drain(_ file: inout Int32, into bytes: inout [UInt8]) {
            var buffer = [UInt8](repeating: 0, count: 65536)
            while file >= 0 {
                let count = read(file, &buffer, buffer.count)
                if count > 0 {
                    bytes += buffer[..<count]
                } else if count < 0 && errno == EAGAIN {
                    return
                } else if count == 0 || errno != EINTR {
                    close(file)
                    file = -1
                }
            }
        }

        fileprivate var processFile: Int32
        fileprivate var outputFile: Int32
        fileprivate var errorFile: Int32
    }

    struct Failure: Error, CustomStringConvertible { let description: String }

    private(set) var children: [Child] = []
    private let deadline: ContinuousClock.Instant
    private let limit: Duration

    /// Starts the commands; `limit` counts from here to the end of the last.
    init(_ commands: [Command], limit: Duration = .seconds(60)) throws {
        self.limit = limit
        deadline = .now + limit
        for command in commands { children.append(try Self.start(command)) }
    }

    /// Runs commands to their ends.
    static func run(_ commands: [Command], limit: Duration = .seconds(60)) throws -> [Child] {
        try ChildProcesses(commands, limit: limit).finish()
    }

    /// Runs one command to its end.
    static func run(_ command: Command, limit: Duration = .seconds(60)) throws -> Child {
        try run([command], limit: limit)[0]
    }

    deinit { endAll() }

    /// Waits until all have ended.
    func finish() throws -> [Child] {
        try wait("all to end") { $0.allSatisfy { $0.status != nil } }
        drain()
        return children
    }

    /// Waits until the condition holds; it is asked whenever something was said or ended.
    func wait(_ what: String, until condition: ([Child]) -> Bool) throws {
        while !condition(children) {
            let left = deadline - .now
            guard left > .zero else { throw failure("not within \(limit): \(what)") }
            let files = children.flatMap { [$0.processFile, $0.outputFile, $0.errorFile] }
            guard files.contains(where: { $0 >= 0 }) else { throw failure("all ended before: \(what)") }
            let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
            let result = mix_wait_ready(files, Int32(files.count), Int32(milliseconds + 1))
            guard result >= 0 else { throw failure("poll: errno \(-result)") }
            // First who ended and then what was said, so that of an ended process nothing is missing.
            for index in children.indices { reap(index) }
            drain()
        }
    }

    /// Sends a signal to one process, not to its group.
    func signal(_ signal: Int32, child index: Int = 0) {
        if children[index].status == nil { kill(children[index].process, signal) }
    }

    /// Waits until a process that was sent SIGSTOP has stopped.
    func waitUntilStopped(child index: Int) throws {
        let path = URL(filePath: "/proc/\(children[index].process)/stat")
        while true {
            let text = String(decoding: try FileHandle(forReadingFrom: path).readToEnd() ?? Data(), as: UTF8.self)
            // The state follows the program's name, which is in brackets.
            if let bracket = text.lastIndex(of: ")"), text[bracket...].hasPrefix(") T") { return }
            guard .now < deadline else { throw failure("not within \(limit): a process to stop") }
            giveWay()
        }
    }

    private func failure(_ text: String) -> Failure {
        let said = children.enumerated().map { index, child in
            "--- process \(index), status \(child.status.map(String.init) ?? "none"), output:\n\(child.output)"
                + "--- errors:\n\(child.errors)"
        }
        endAll()
        return Failure(description: text + "\n" + said.joined(separator: "\n"))
    }

    private func endAll() {
        for index in children.indices {
            if children[index].status == nil {
                kill(-children[index].process, SIGKILL)
                var status: Int32 = 0
                waitpid(children[index].process, &status, 0)
                children[index].status = 128 + SIGKILL
            }
            for path in [\Child.processFile, \.outputFile, \.errorFile] where children[index][keyPath: path] >= 0 {
                close(children[index][keyPath: path])
                children[index][keyPath: path] = -1
            }
        }
    }

    private func reap(_ index: Int) {
        guard children[index].status == nil else { return }
        var status: Int32 = 0
        var signal: Int32 = 0
        guard mix_reap(children[index].process, &status, &signal) != 0 else { return }
        children[index].status = status
        if children[index].processFile >= 0 { close(children[index].processFile) }
        children[index].processFile = -1
    }

    private func drain() {
        for index in children.indices { children[index].drain() }
    }

    /// Between making a pipe and marking it close-on-exec nobody may start a process, who would inherit it.
    private static let starting = NSLock()

    private static func start(_ command: Command) throws -> Child {
        starting.lock()
        defer { starting.unlock() }
        var pipes: [[Int32]] = []
        for _ in 0..<2 {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { throw Failure(description: "pipe: errno \(errno)") }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            // Only our end: the child's output must block as it always does.
            _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
            pipes.append(ends)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, pipes[0][1], 1)
        posix_spawn_file_actions_adddup2(&actions, pipes[1][1], 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own, so that a time limit reaches its descendants, and none of this thread's blocked signals.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)

        let variables = cleanEnvironment.merging(command.environment) { $1 }.map { "\($0)=\($1)" }
        let arguments = ([command.executable] + command.arguments).map { strdup($0) } + [nil]
        let environment = variables.map { strdup($0) } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var process: pid_t = 0
        let error = posix_spawnp(&process, command.executable, &actions, &attributes, arguments, environment)
        for ends in pipes { close(ends[1]) }
        guard error == 0 else {
            for ends in pipes { close(ends[0]) }
            throw Failure(
                description: "\(command.executable) could not be started: \(String(cString: strerror(error)))")
        }
        return Child(
            process: process, processFile: mix_process_file(process), outputFile: pipes[0][0], errorFile: pipes[1][0])
    }

    /// This process's variables without those of a launcher that may have started the tests, and without Swift's
    /// backtraces: a process that a signal ends is wanted here, and must not take seconds over it.
    static let cleanEnvironment: [String: String] = {
        let prefixes = ["MIX_", "OMPI_", "PMI_", "PMIX_", "I_MPI_", "SLURM_", "TORCHELASTIC_", "MASTER_"]
        let names: Set = ["RANK", "WORLD_SIZE", "JOB_COMPLETION_INDEX"]
        var variables = ProcessInfo.processInfo.environment.filter { name, _ in
            !prefixes.contains(where: name.hasPrefix) && !names.contains(name)
        }
        variables["SWIFT_BACKTRACE"] = "enable=no"
        return variables
    }()

    /// The build folder has it beside the tests.
    static let testRankPath = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("MixTestRank").path
}
