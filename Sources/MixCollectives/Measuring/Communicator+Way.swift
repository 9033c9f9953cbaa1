public import MixSchedule

// For benchmarks and predictions: which way an operation would go.
extension Communicator {
    /// A way to run an operation.
    public enum Way: Sendable, Hashable {
        /// One exchange: every rank publishes what it has, and takes what it needs.
        case exchange
        /// Between nodes: one exchange inside the node, and one message to every other one; if `inParts`, each lane combines
        /// its part of an all-reduce only, and another exchange follows.
        case messages(inParts: Bool)
        /// The schedule of the algorithm of this name, in so many pieces.
        case schedule(String, pieces: Int)
    }

    /// The way that an operation goes on memory that the node's ranks have mapped, out of place where it has both.
    ///
    /// - Parameters:
    ///   - operation: any but messages and fused ones.
    ///   - count: elements of a rank's whole buffer of all-reduce, broadcast and reduce; of one block of all others, and of an
    ///     all-to-all-v on average.
    ///   - type: what they are.
    public func way(of operation: Operation, count: Int, type: DataType) -> Way {
        let call = Call(operation, type, count: count)
        let bytes = count * type.size
        if let network { return way(of: operation, bytes: bytes, between: network) }
        if let forced = forced[operation] { return .schedule(forced.name, pieces: 1) }
        let published = operation == .allToAllV ? bytes * size : publishedBytes(call)
        return published <= exchangeLimit(operation, inPlace: false) ? .exchange : .schedule("direct", pieces: 1)
    }

    /// The way between nodes: the forced one, or else the tuning's.
    func way(of operation: Operation, bytes: Int, between network: Network) -> Way {
        guard let forced = forced[operation] else { return tuning.way(of: operation, bytes: bytes, on: network.shape) }
        return .schedule(
            forced.name, pieces: tuning.pieces(of: operation, bytes: bytes, forced, network.shape))
    }
}
