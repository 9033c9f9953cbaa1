import MixCollectives

extension Player {
    /// Every kind of operation, small and large, in plain and in shared memory, with results that say where they
    /// come from.
    func checkEverything() throws(CollectiveError) {
        for count in [1, 100, 20_000] {
            var shared = try world.allocate(Int32.self, count: count * world.size)
            try check(&shared, count) {
                $0[$1]
            } set: {
                $0[$1] = $2
            }
            var plain = [Int32](repeating: 0, count: count * world.size)
            try check(&plain, count) {
                $0[$1]
            } set: {
                $0[$1] = $2
            }
            try checkMessages(count)
        }
        try world.barrier()
        report("checked rank=\(world.rank) size=\(world.size)")
    }

    private func check<Memory: MutableCollectiveMemory & ~Copyable>(
        _ memory: inout Memory, _ count: Int, get: (borrowing Memory, Int) -> Int32,
        set: (inout Memory, Int, Int32) -> Void
    ) throws(CollectiveError) where Memory.Element == Int32 {
        let (rank, size) = (world.rank, world.size)
        let total = count * size
        /// What rank r holds at index i at first.
        func value(_ rank: Int, _ index: Int) -> Int32 { Int32(rank * 1_000_000 + index) }
        func fill() { for index in 0..<total { set(&memory, index, value(rank, index)) } }
        func expect(_ what: String, _ expected: (Int) -> Int32) {
            for index in 0..<total where get(memory, index) != expected(index) {
                return report("wrong: \(what) of \(count) at \(index): \(get(memory, index)), not \(expected(index))")
            }
        }
        fill()
        try world.allReduce(&memory)
        expect("all-reduce") { index in (0..<size).reduce(0) { $0 + value($1, index) } }
        fill()
        try world.allGather(&memory)
        expect("all-gather") { value($0 / count, $0) }
        fill()
        try world.allToAll(&memory)
        expect("all-to-all") { value($0 / count, rank * count + $0 % count) }
        fill()
        try world.broadcast(&memory, root: size - 1)
        expect("broadcast") { value(size - 1, $0) }
        fill()
        try world.reduce(&memory, .max, root: 0)
        expect("reduce") { value(rank == 0 ? size - 1 : rank, $0) }
    }

    private func checkMessages(_ count: Int) throws(CollectiveError) {
        guard world.size > 1 else { return }
        let (next, previous) = ((world.rank + 1) % world.size, (world.rank + world.size - 1) % world.size)
        var memory = [Int64](repeating: -1, count: count)
        let mine = [Int64](repeating: Int64(world.rank), count: count)
        // Even ranks first, so that large messages meet a receiver.
        if world.rank % 2 == 0 {
            try world.send(mine, to: next, tag: 5)
            try world.receive(&memory, from: previous, tag: 5)
        } else {
            try world.receive(&memory, from: previous, tag: 5)
            try world.send(mine, to: next, tag: 5)
        }
        if !memory.allSatisfy({ $0 == Int64(previous) }) { report("wrong: message of \(count)") }
    }
}
