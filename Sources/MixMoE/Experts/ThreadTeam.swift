internal import CMixProducts
internal import Glibc

/// Threads that share the work of products; the caller is one of them. For one caller at a time.
///
/// They are made at the first use, because threads do not survive a fork, and end with the team. Between pieces of work they
/// look for more for about 100 µs, then sleep.
public final class ThreadTeam {
    /// How many there are.
    public let threads: Int
    private var team: OpaquePointer?

    /// A team of so many threads, at least 1.
    public init(threads: Int) {
        precondition(threads > 0)
        self.threads = threads
    }

    deinit { team.map(mix_team_free) }

    /// Runs `work(context, member)` on every member, and returns when all have.
    func run(_ work: mix_team_work, _ context: UnsafeMutableRawPointer) {
        mix_team_run(members, work, context)
    }

    var members: OpaquePointer {
        if let team { return team }
        guard let made = mix_team_make(UInt32(threads)) else {
            fatalError("no team of \(threads) threads could be made: \(String(cString: strerror(errno)))")
        }
        team = made
        return made
    }
}
