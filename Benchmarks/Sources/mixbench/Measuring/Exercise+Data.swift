import MixCollectives
import MixSchedule

// What the buffers hold before a call, and must hold after it.
extension Exercise {
    private var pattern: Pattern { Pattern(ranks: world.size, reduction: reduction) }

    /// Writes this rank's contribution, and poison wherever a result belongs.
    func fill() {
        poison(UnsafeMutableRawBufferPointer(output))
        poison(guardZone)
        let rank = world.rank
        switch operation {
        case .allReduce, .reduceScatter, .reduce:
            let pattern = pattern
            for index in 0..<shape.count {
                input[index] = Element(small: pattern.contribution(rank: rank, index: index))
            }
        case .allGather, .gather:
            let first = place == .inPlace ? rank * shape.blockCount : 0
            fill(first, shape.blockCount, from: rank, to: operation == .gather ? root : 0)
        case .allToAll:
            for peer in 0..<world.size { fill(peer * shape.blockCount, shape.blockCount, from: rank, to: peer) }
        case .allToAllV:
            for peer in 0..<world.size { fill(blocks.displacements[peer], blocks.counts[peer], from: rank, to: peer) }
        case .broadcast:
            if rank == root { fill(0, shape.count, from: root, to: 0) }
        case .scatter:
            for peer in 0..<world.size { fill(peer * shape.blockCount, shape.blockCount, from: root, to: peer) }
        case .sendReceive:
            fill(0, shape.count, from: rank, to: (rank + 1) % world.size)
        case .barrier: break
        case .fusedAllReduceAllToAll, .fusedDispatch, .fusedCombine: preconditionFailure("has an exercise of its own")
        }
    }

    /// Elements of this rank's result that are wrong, and elements beyond it that were written.
    func countWrong() -> Int {
        let rank = world.rank
        var wrong = countWritten(UnsafeRawBufferPointer(guardZone))
        switch operation {
        case .allReduce:
            wrong += countWrongReduction(0, shape.count, whole: 0)
        case .reduce:
            if rank == root {
                wrong += countWrongReduction(0, shape.count, whole: 0)
            } else if place == .outOfPlace {
                wrong += countWritten(UnsafeRawBufferPointer(output))
            }
        case .reduceScatter:
            let whole = rank * shape.blockCount
            wrong += countWrongReduction(place == .inPlace ? whole : 0, shape.blockCount, whole: whole)
        case .allGather:
            for peer in 0..<world.size {
                wrong += countWrong(peer * shape.blockCount, shape.blockCount, from: peer, to: 0)
            }
        case .gather:
            if rank == root {
                for peer in 0..<world.size {
                    wrong += countWrong(peer * shape.blockCount, shape.blockCount, from: peer, to: root)
                }
            } else {
                wrong += countWritten(UnsafeRawBufferPointer(output))
            }
        case .allToAll:
            for peer in 0..<world.size {
                wrong += countWrong(peer * shape.blockCount, shape.blockCount, from: peer, to: rank)
            }
        case .allToAllV:
            for peer in 0..<world.size {
                wrong += countWrong(blocks.displacements[peer], blocks.counts[peer], from: peer, to: rank)
            }
        case .broadcast: wrong += countWrong(0, shape.count, from: root, to: 0)
        case .scatter: wrong += countWrong(0, shape.blockCount, from: root, to: rank)
        case .sendReceive:
            wrong += countWrong(0, shape.count, from: (rank + world.size - 1) % world.size, to: rank)
        case .barrier: break
        case .fusedAllReduceAllToAll, .fusedDispatch, .fusedCombine: preconditionFailure("has an exercise of its own")
        }
        return wrong
    }

    /// Sums in place would grow without bound: they are timed on zeros.
    func prepareForTiming() {
        if place == .inPlace, operation.reduces { output.update(repeating: Element(bits: 0)) }
    }

    /// Whether the inputs survive calls, so that the last result must be as right as the first.
    var isRepeatable: Bool { place == .outOfPlace || operation == .broadcast || operation == .allGather }

    private func fill(_ first: Int, _ count: Int, from source: Int, to destination: Int) {
        for index in 0..<count {
            let bits = Pattern.payload(from: source, to: destination, index: index)
            input[first + index] = Element(bits: Element.Bits(truncatingIfNeeded: bits))
        }
    }

    private func countWrong(_ first: Int, _ count: Int, from source: Int, to destination: Int) -> Int {
        var wrong = 0
        for index in 0..<count {
            let bits = Pattern.payload(from: source, to: destination, index: index)
            if output[first + index].bits != Element.Bits(truncatingIfNeeded: bits) { wrong += 1 }
        }
        return wrong
    }

    private func countWrongReduction(_ first: Int, _ count: Int, whole: Int) -> Int {
        let pattern = pattern
        var wrong = 0
        for index in 0..<count {
            let expected = Element(small: pattern.expected(index: whole + index))
            if output[first + index].bits != expected.bits { wrong += 1 }
        }
        return wrong
    }

    private func poison(_ bytes: UnsafeMutableRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        base.initializeMemory(as: UInt8.self, repeating: 0xa5, count: bytes.count)
    }

    private func countWritten(_ bytes: UnsafeRawBufferPointer) -> Int {
        var written = 0
        for byte in bytes where byte != 0xa5 { written += 1 }
        return written
    }
}
