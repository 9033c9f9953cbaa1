import MixCollectives
import MixSchedule

/// The buffers of one operation at one size.
struct Shape: Sendable, Hashable {
    let operation: Operation
    let ranks: Int
    /// Elements of the whole buffer of one rank.
    let count: Int
    let elementSize: Int

    /// The size nearest to `bytes` that the ranks can share: rounded up to whole elements and blocks, and for
    /// all-to-all-v down where that leaves something.
    init(_ operation: Operation, bytes: Int, elementSize: Int, ranks: Int) {
        self.operation = operation
        self.ranks = ranks
        self.elementSize = elementSize
        let parts = operation == .allToAllV ? ranks * (ranks + 1) / 2 : operation.hasBlocks ? ranks : 1
        let unit = parts * elementSize
        let down = operation == .allToAllV && bytes >= unit
        count = (down ? bytes / unit : (bytes + unit - 1) / unit) * parts
    }

    /// Bytes of the whole buffer of one rank: nccl-tests' "size".
    var bytes: Int { count * elementSize }

    /// Elements of one rank's block, of operations that have blocks; of the whole buffer otherwise.
    var blockCount: Int { operation.hasBlocks ? count / ranks : count }

    var inputCount: Int {
        switch operation {
        case .allGather, .gather: blockCount
        default: count
        }
    }

    var outputCount: Int {
        switch operation {
        case .reduceScatter, .scatter: blockCount
        default: count
        }
    }

    /// The blocks that `rank` exchanges with every other in an all-to-all-v: the one between ranks s and d has
    /// weight 1 + (s + d) mod n, so that blocks differ by up to n to 1 and every rank's buffer has one size.
    func blocks(of rank: Int) -> Blocks {
        guard operation == .allToAllV else { return Blocks(counts: []) }
        let unit = count / (ranks * (ranks + 1) / 2)
        return Blocks(counts: (0..<ranks).map { unit * (1 + (rank + $0) % ranks) })
    }
}
