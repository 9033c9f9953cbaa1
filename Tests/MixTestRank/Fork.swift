import Glibc
import MixCollectives

extension Player {
    /// `fork STEP… end STEP…`: the steps up to `end` in a forked child, which has the parent's communicator and a
    /// buffer of its; the parent waits for the child's line "free", and then goes on with the buffer and the other steps.
    mutating func playInChild(_ steps: inout ArraySlice<String>) throws {
        let end = steps.firstIndex(of: "end")!
        var childs = steps[..<end]
        let outlives = childs.last == "stay"
        if outlives { childs.removeLast() }
        steps = steps[(end + 1)...]
        let count = 300_000
        var buffer: SharedBuffer<Float>? = try world.allocate(Float.self, count: count)
        for index in 0..<count { buffer![index] = Float(index % 1000) }

        var line: [Int32] = [-1, -1]
        guard pipe(&line) == 0 else { fatalError("pipe: \(errno)") }
        let child = forkProcess()
        if child == 0 {
            report("child process=\(getpid())")
            var player = self
            try player.play(childs)
            buffer = nil
            player.world = nil
            world = nil
            close(line[1])
            while outlives { pause() }
            // As a program ends that knows nothing of all this.
            exit(0)
        }
        close(line[1])
        var byte: UInt8 = 0
        while read(line[0], &byte, 1) < 0 && errno == EINTR {}
        close(line[0])
        if !(0..<count).allSatisfy({ buffer![$0] == Float($0 % 1000) }) {
            report("wrong: the child changed the buffer")
        }
        try world.allReduce(&buffer!)
        if !(0..<count).allSatisfy({ buffer![$0] == Float(world.size * ($0 % 1000)) }) { report("wrong: the sum") }
    }

    /// Swift has made `fork` unavailable, and with reason; this test is about those who do it all the same.
    private func forkProcess() -> pid_t {
        typealias Fork = @convention(c) () -> pid_t
        return unsafeBitCast(dlsym(nil, "fork"), to: Fork.self)()
    }
}
