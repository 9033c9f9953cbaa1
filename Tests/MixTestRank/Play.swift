import Glibc
import MixCollectives

/// `play STEP…`: joins and does one step after the other; a step is words separated by colons.
///
/// An error is reported as a line and the next step follows, except inside `forever`. What a rank learnt wrong is
/// a line that begins with "wrong".
func play(_ steps: [String]) throws -> Int32 {
    var player = Player()
    try player.play(steps[...])
    report("done")
    return 0
}

struct Player {
    var world: Communicator!
    let rows = DispatchedRows()

    mutating func play(_ steps: ArraySlice<String>) throws {
        var steps = steps
        while let step = steps.popFirst() {
            let words = step.split(separator: ":").map(String.init)
            switch words[0] {
            case "say": report(words[1])
            case "stay": while true { pause() }
            case "stop": raise(SIGSTOP)
            case "kill": raise(SIGKILL)
            case "exit": exit(Int32(words[1])!)
            case "forever":
                // From the first success on, every rank is inside.
                let next = String(step.dropFirst("forever:".count))
                guard attempt(next) else { return }
                report("inside")
                while attempt(next) {}
            case "times":
                let next = String(step.split(separator: ":", maxSplits: 2)[2])
                for turn in 0..<Int(words[1])! {
                    guard attempt(next) else { return }
                    if turn == 0 { report("inside") }
                }
            case "fork": try playInChild(&steps)
            // Without a world there is nothing to play.
            case "join": guard attempt(step) else { return }
            default: attempt(step)
            }
        }
    }

    /// Does one operation, and reports its error.
    @discardableResult
    private mutating func attempt(_ step: String) -> Bool {
        let start = ContinuousClock.now
        do throws(CollectiveError) {
            try perform(step.split(separator: ":").map(String.init))
            return true
        } catch {
            let milliseconds = (ContinuousClock.now - start) / Duration.milliseconds(1)
            report(
                "error code=\(error.code.rawValue) rank=\(error.rank ?? -1) host=\(error.host ?? "-") "
                    + "operation=\(error.operation?.rawValue ?? "-") sequence=\(error.sequence ?? 0) "
                    + "ms=\(Int(milliseconds)) message=\(error.message)")
            return false
        }
    }

    private mutating func perform(_ words: [String]) throws(CollectiveError) {
        func number(_ index: Int) -> Int { Int(words[index])! }
        switch words[0] {
        case "join":
            world = try Communicator.join()
            report("joined rank=\(world.rank) size=\(world.size)")
        case "close": world.close()
        case "barrier": try world.barrier()
        case "split": world = try world.split(color: number(1), key: number(2))
        case "algorithm": try world.use(algorithm: words[2], for: Operation(rawValue: words[1])!)
        case "sum": try reduce(Float.self, count: number(1), .sum, shared: words.count > 2)
        case "maximum": try reduce(Float.self, count: number(1), .max, shared: words.count > 2)
        case "integers": try reduce(Int32.self, count: number(1), .sum, shared: words.count > 2)
        case "broadcast": try broadcast(count: number(1), root: number(2))
        case "send":
            try world.send([Float](repeating: 1, count: number(1)), to: number(2))
        case "receive":
            var memory = [Float](repeating: 0, count: number(1))
            try world.receive(&memory, from: number(2))
        case "allocate": _ = try world.allocate(UInt8.self, count: number(1))
        case "churn": try churn(count: number(1))
        case "check": try checkEverything()
        case "fused": try checkFused()
        case "dispatch": rows.handle = try dispatch(tokens: number(1))
        case "combine": if rows.handle != nil { try combine(rows.handle!, tokens: number(1)) }
        case "counters": try checkCounters()
        case "measure": try measure(count: number(1), calls: number(2))
        case "splits":
            let whole = world!
            defer { world = whole }
            let odd = try whole.split(color: whole.rank % 2, key: -whole.rank)
            for group in [try whole.split(.node), try whole.split(.lane), odd, whole] {
                world = group
                try checkEverything()
            }
        case "routes":
            for peer in 0..<world.size where peer != world.rank {
                report("route from=\(world.rank) to=\(peer) on=\(world.host(of: peer)) \(world.route(to: peer))")
            }
        default: preconditionFailure("there is no step \(words)")
        }
    }

    private func reduce<Element: CollectiveElement & Numeric & Comparable>(
        _: Element.Type, count: Int, _ reduction: Reduction, shared: Bool
    ) throws(CollectiveError) {
        let mine = Element(exactly: world.rank + 1)!
        let expected = Element(exactly: reduction == .max ? world.size : world.size * (world.size + 1) / 2)!
        if shared {
            var memory = try world.allocate(Element.self, count: count)
            for index in 0..<count { memory[index] = mine }
            try world.allReduce(&memory, reduction)
            if !(0..<count).allSatisfy({ memory[$0] == expected }) { report("wrong: all-reduce of \(count)") }
        } else {
            var memory = [Element](repeating: mine, count: count)
            try world.allReduce(&memory, reduction)
            if !memory.allSatisfy({ $0 == expected }) { report("wrong: all-reduce of \(count)") }
        }
    }

    /// All-reduces without end, and with nothing in between: whoever is killed is killed inside one.
    private func churn(count: Int) throws(CollectiveError) {
        var memory = try world.allocate(Float.self, count: count)
        try world.allReduce(&memory, .max)
        report("inside")
        while true { try world.allReduce(&memory, .max) }
    }

    private func broadcast(count: Int, root: Int) throws(CollectiveError) {
        var memory = [Int64](repeating: Int64(world.rank), count: count)
        try world.broadcast(&memory, root: root)
        if !memory.allSatisfy({ $0 == Int64(root) }) { report("wrong: broadcast of \(count)") }
    }
}

/// What was dispatched and is not combined yet; apart, because a handle can't be copied and a player can.
final class DispatchedRows {
    var handle: Dispatched<Float>?
}
