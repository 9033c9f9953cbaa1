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
        if let network {
            if forced[operation] == nil {
                if operation == .allReduce, network.topology.ranksPerNode != nil, bytes <= smallAllReduceBytes(network)
                {
                    return .messages(inParts: network.local.size > 1 && bytes > Self.wholeAllReduceBytes)
                }
                if operation == .allToAll, network.isRegular, bytes * size <= Self.smallAllToAllBytes {
                    return .messages(inParts: false)
                }
            }
            let name = forced[operation]?.name ?? defaultAlgorithm(operation, network)
            let pieces = Algorithm.named(name, for: operation).map { self.pieces(call, $0, network) } ?? 1
            return .schedule(name, pieces: Int(pieces))
        }
        if let forced = forced[operation] { return .schedule(forced.name, pieces: 1) }
        let published = operation == .allToAllV ? bytes * size : publishedBytes(call)
        return published <= exchangeLimit(operation, inPlace: false) ? .exchange : .schedule("direct", pieces: 1)
    }
}
