import MixCollectives

extension Player {
    /// Holds the counts of large operations in memory from `allocate` over verbs: they are the same on every card.
    func checkCounters() throws(CollectiveError) {
        let count = 3 << 19
        guard (0..<world.size).allSatisfy({ $0 == world.rank || world.route(to: $0).transport == .verbs }) else {
            return report("wrong: not every pair uses verbs")
        }
        var input = try world.allocate(Float.self, count: count)
        var output = try world.allocate(Float.self, count: count)
        for index in 0..<count { input[index] = Float(index % 1000) }
        let bytes = count * 4 / world.size * (world.size - 1)
        try hold("all-reduce", bytes: 2 * bytes) { () throws(CollectiveError) in
            try world.allReduce(input, into: &output)
        }
        try hold("all-to-all", bytes: bytes) { () throws(CollectiveError) in try world.allToAll(input, into: &output) }
    }

    /// `bytes`: what the algorithm must send, per call.
    private func hold(
        _ name: String, bytes: Int, _ call: () throws(CollectiveError) -> Void
    ) throws(CollectiveError) {
        let calls = 4
        try call()
        let before = world.counters
        for _ in 0..<calls { try call() }
        let counters = world.counters - before
        let chunks = counters.bytesSent / 65536
        if counters.bytesSent != UInt64(calls * bytes) { report("wrong: \(name) sent other bytes, \(counters)") }
        if counters.bytesCopied != 0 { report("wrong: \(name) copied, \(counters)") }
        if counters.doorbells > chunks { report("wrong: \(name) rang more than once per chunk, \(counters)") }
        if 16 * counters.completions > counters.workRequests {
            report("wrong: \(name) polled more than one completion per 16 writes, \(counters)")
        }
        report("counted \(name): \(counters)")
    }
}

extension Player {
    /// Bus bandwidth of an all-reduce, to stand beside what perftest says of the same device.
    func measure(count: Int, calls: Int) throws(CollectiveError) {
        var memory = try world.allocate(Float.self, count: count)
        try world.allReduce(&memory)
        try world.barrier()
        let start = ContinuousClock.now
        for _ in 0..<calls { try world.allReduce(&memory) }
        let seconds = (ContinuousClock.now - start) / Duration.seconds(1) / Double(calls)
        let bytes = Double(count * 4) * 2 * Double(world.size - 1) / Double(world.size)
        if world.rank == 0 { report("bus bandwidth \(count * 4) B: \(bytes / seconds / 0x1p20) MiB/s") }
    }
}
