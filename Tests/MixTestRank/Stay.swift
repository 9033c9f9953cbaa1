import Glibc
import MixCollectives

/// `stay [RANK FATE]…`: prints its process id and waits to be ended, except for ranks with a fate of their own: a
/// number is an exit status, `segv` and `kill` are signals to itself, `stubborn` ignores SIGTERM, `polite` ends
/// with 0 on SIGTERM.
func stay(_ arguments: [String]) throws -> Int32 {
    guard let job = try Job.current() else { return 64 }
    var fate = ""
    for index in stride(from: 0, to: arguments.count - 1, by: 2)
    where arguments[index] == "\(job.rank)" || arguments[index] == "all" {
        fate = arguments[index + 1]
    }
    if fate == "stubborn" { _ = signal(SIGTERM, SIG_IGN) }
    if fate == "polite" { _ = signal(SIGTERM) { _ in _exit(0) } }
    report(
        "rank=\(job.rank) process=\(getpid()) extra=\(getenv("MIX_TEST").map { String(cString: $0) } ?? "") processors=\(Host.processorCount)"
    )
    switch fate {
    case "segv": _ = signal(SIGSEGV, SIG_DFL); raise(SIGSEGV)
    case "kill": raise(SIGKILL)
    default: if let status = Int32(fate) { return status }
    }
    while true { pause() }
}
