internal import CMixProducts

/// Numbered tasks that the members of a team share out among themselves as they go.
struct TaskQueue: ~Copyable {
    /// On a line of its own, because all members write it.
    private let next: UnsafeMutablePointer<Int>

    init() {
        next = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 128).bindMemory(to: Int.self, capacity: 1)
        next.initialize(to: 0)
    }

    deinit { next.deallocate() }

    /// Before the members begin.
    func reset() { next.pointee = 0 }

    /// Does tasks until all of `total` are taken.
    func forEach(of total: Int, members: Int, _ body: (Int) -> Void) {
        while true {
            let share = mix_team_take(next, total, members)
            guard share.count > 0 else { return }
            for task in share.first..<share.first + share.count { body(task) }
        }
    }
}
