import MixSchedule

// What the benchmark must know of an operation.
extension Operation {
    /// Whether elements of different ranks are combined.
    var reduces: Bool {
        switch self {
        case .allReduce, .reduceScatter, .reduce: true
        default: false
        }
    }

    /// The places that the library's interface has for this operation.
    var places: [Place] {
        switch self {
        case .allReduce, .reduceScatter, .allGather, .allToAll, .allToAllV, .reduce: [.outOfPlace, .inPlace]
        case .broadcast: [.inPlace]
        case .gather, .scatter, .barrier, .sendReceive: [.outOfPlace]
        case .fusedAllReduceAllToAll, .fusedDispatch, .fusedCombine: [.outOfPlace]
        }
    }

    /// Whether the whole buffer of a rank is one block per rank.
    var hasBlocks: Bool {
        switch self {
        case .reduceScatter, .allGather, .allToAll, .allToAllV, .gather, .scatter: true
        case .allReduce, .broadcast, .reduce, .barrier, .sendReceive: false
        case .fusedAllReduceAllToAll, .fusedDispatch, .fusedCombine: false
        }
    }

    /// Bus bandwidth per algorithm bandwidth: the bytes that cross a rank's link, per byte of its buffer.
    ///
    /// nccl-tests' factors (its doc/PERFORMANCE.md). Those of fused operations depend on the rows: `FusedShape` has them.
    func busFactor(ranks: Int) -> Double {
        let n = Double(ranks)
        return switch self {
        case .allReduce: 2 * (n - 1) / n
        case .reduceScatter, .allGather, .allToAll, .allToAllV, .gather, .scatter: (n - 1) / n
        case .broadcast, .reduce, .sendReceive: 1
        case .barrier, .fusedAllReduceAllToAll, .fusedDispatch, .fusedCombine: 0
        }
    }
}
