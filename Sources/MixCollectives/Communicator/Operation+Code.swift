@_exported public import MixSchedule

extension Operation {
    /// The operation's number in a header.
    @inline(__always)
    var code: UInt8 {
        switch self {
        case .allReduce: 1
        case .reduceScatter: 2
        case .allGather: 3
        case .allToAll: 4
        case .allToAllV: 5
        case .broadcast: 6
        case .reduce: 7
        case .gather: 8
        case .scatter: 9
        case .barrier: 10
        case .sendReceive: 11
        case .fusedAllReduceAllToAll: 12
        case .fusedDispatch: 13
        case .fusedCombine: 14
        }
    }

    init?(code: UInt8) {
        guard let match = Operation.allCases.first(where: { $0.code == code }) else { return nil }
        self = match
    }
}
