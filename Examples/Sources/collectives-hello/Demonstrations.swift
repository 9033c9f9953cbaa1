import ExampleSupport
import MixCollectives

/// All-reduce: everybody gets the sum.
func showAllReduce(_ world: Communicator, _ speaker: Speaker) throws -> Bool {
    try speaker.heading("all-reduce: add up, element by element")

    // Memory from `allocate` is mapped by the other ranks of the node: nothing is copied on the way.
    var x = try world.allocate(Float.self, count: 4)
    for i in 0..<x.count { x[i] = Float(world.rank + i) }
    let before = x.list

    try world.allReduce(&x, .sum)

    try speaker.say("\(before)  →  \(x.list)")
    let n = world.size
    return x.list == (0..<4).map { Float(n * (n - 1) / 2 + n * $0) }
}

/// All-to-all: everybody has a block for everybody.
func showAllToAll(_ world: Communicator, _ speaker: Speaker) throws -> Bool {
    try speaker.heading("all-to-all: a block for every rank (here one number, 10 · sender + receiver)")

    // Arrays, spans and unsafe buffers work as well.
    let outgoing = (0..<world.size).map { Int32(10 * world.rank + $0) }
    var incoming = [Int32](repeating: 0, count: world.size)

    try world.allToAll(outgoing, into: &incoming)

    try speaker.say("\(outgoing)  →  \(incoming)")
    return incoming == (0..<world.size).map { Int32(10 * $0 + world.rank) }
}

/// Broadcast: everybody gets what the root has.
func showBroadcast(_ world: Communicator, _ speaker: Speaker) throws -> Bool {
    let root = world.size - 1
    try speaker.heading("broadcast: from rank \(root) to all")

    var values = [Float](repeating: world.rank == root ? 3.25 : 0, count: 3)
    let before = values

    try world.broadcast(&values, root: root)

    try speaker.say("\(before)  →  \(values)")
    return values == [3.25, 3.25, 3.25]
}

/// Split: groups that run collectives of their own.
func showSplit(_ world: Communicator, _ speaker: Speaker) throws -> Bool {
    try speaker.heading("split: even and odd ranks, and the ranks of each node")

    let group = try world.split(color: world.rank % 2)
    var sum = [Int64(world.rank)]
    try group.allReduce(&sum)

    let node = try world.split(.node)
    try speaker.say(
        "rank \(group.rank) of \(group.size) among the \(world.rank % 2 == 0 ? "even" : "odd") ones, whose sum is \(sum[0]); "
            + "rank \(node.rank) of \(node.size) on its node")

    let others = stride(from: world.rank % 2, to: world.size, by: 2)
    return sum[0] == others.reduce(0) { $0 + Int64($1) } && group.size == others.reduce(0) { count, _ in count + 1 }
}

/// What happens when ranks disagree: every rank gets an error that says who, what and where; nobody hangs.
func showMismatch(_ world: Communicator, _ speaker: Speaker) throws -> Bool {
    try speaker.heading("a mistake: rank 1 calls all-reduce with 5 elements, all others with 4")

    // After an error a communicator is of no more use. The ranks still want to talk, so the mistake gets its own.
    let everybody = try world.split(color: 0)
    var x = [Float](repeating: 1, count: world.rank == 1 ? 5 : 4)
    var failure: CollectiveError?
    do {
        try everybody.allReduce(&x)
    } catch {
        failure = error
    }

    try speaker.say(failure.map { "\($0)" } ?? "no error!")
    return failure?.code == .mismatch
}

extension SharedBuffer {
    /// The elements as an array, to print and compare.
    var list: [Element] { (0..<count).map { self[$0] } }
}
