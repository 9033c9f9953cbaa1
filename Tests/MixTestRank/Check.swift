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
            try checkBlocks(count)
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
        fill()
        try world.reduceScatter(&memory)
        let first = rank * count
        for index in first..<first + count where get(memory, index) != (0..<size).reduce(0, { $0 + value($1, index) }) {
            return report("wrong: reduce-scatter of \(count) at \(index)")
        }
    }

    /// Operations that have no form in place.
    private func checkBlocks(_ count: Int) throws(CollectiveError) {
        let (rank, size) = (world.rank, world.size)
        func value(_ rank: Int, _ index: Int) -> Int32 { Int32(rank * 1_000_000 + index) }
        let mine = (0..<count * size).map { value(rank, $0) }
        var all = [Int32](repeating: -1, count: count * size)
        try world.gather(Array(mine[..<count]), into: &all, root: size - 1)
        let gathered = (0..<count * size).map { rank == size - 1 ? value($0 / count, $0 % count) : -1 }
        if all != gathered { report("wrong: gather of \(count)") }
        var block = [Int32](repeating: -1, count: count)
        try world.scatter(mine, into: &block, root: 0)
        if block != (0..<count).map({ value(0, rank * count + $0) }) { report("wrong: scatter of \(count)") }

        func share(_ from: Int, _ to: Int) -> Int { count * ((from + 2 * to) % 3) }
        let sent = Blocks(counts: (0..<size).map { share(rank, $0) })
        let received = Blocks(counts: (0..<size).map { share($0, rank) })
        let input = (0..<sent.counts.reduce(0, +)).map { value(rank, $0) }
        var output = [Int32](repeating: -1, count: received.counts.reduce(0, +))
        try world.allToAllV(input, sent, into: &output, received)
        let expected = (0..<size).flatMap { peer in
            let first = (0..<rank).reduce(0) { $0 + share(peer, $1) }
            return (first..<first + share(peer, rank)).map { value(peer, $0) }
        }
        if output != expected { report("wrong: all-to-all-v of \(count)") }
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
