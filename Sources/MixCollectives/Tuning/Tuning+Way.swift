public import MixSchedule

extension Tuning {
    /// The way that an operation goes between nodes of equally many ranks, which follow each other: what
    /// ``Communicator/way(of:count:type:)`` says there, without a communicator.
    ///
    /// - Parameters:
    ///   - operation: any but messages and fused ones.
    ///   - bytes: of a rank's whole buffer of all-reduce, broadcast and reduce; of one block of all others.
    ///   - nodes: how many there are, at least 2.
    ///   - ranksPerNode: of each.
    ///   - overVerbs: whether RDMA joins them.
    public func way(
        of operation: Operation, bytes: Int, nodes: Int, ranksPerNode: Int, overVerbs: Bool = false
    ) -> Communicator.Way {
        way(
            of: operation, bytes: bytes,
            on: NetworkShape(Topology(nodeCount: nodes, ranksPerNode: ranksPerNode), hasVerbs: overVerbs))
    }

    func way(of operation: Operation, bytes: Int, on shape: NetworkShape) -> Communicator.Way {
        if operation == .allReduce, let lanes = shape.ranksPerNode, bytes <= allReduceMessageLimit(shape, lanes) {
            return .messages(inParts: lanes > 1 && bytes > allReduceWholeBytes ?? 2 << 10)
        }
        if operation == .allToAll, shape.isRegular, let lanes = shape.ranksPerNode,
            bytes * lanes * shape.nodeCount <= Self.published(allToAllMessageBytes ?? 64 << 10, lanes)
        {
            return .messages(inParts: false)
        }
        let name = algorithm(operation, shape)
        let pieces = Algorithm.named(name, for: operation).map { self.pieces(of: operation, bytes: bytes, $0, shape) }
        return .schedule(name, pieces: pieces ?? 1)
    }

    /// Up to so many bytes nodes exchange what they have of an all-reduce, and each combines all of it. Between two nodes that
    /// is as few bytes as reducing in turns, and half the rounds; but it does not work at the same time as the wire.
    private func allReduceMessageLimit(_ shape: NetworkShape, _ lanes: Int) -> Int {
        let own = shape.nodeCount > 2 ? 16 << 10 : lanes > 1 ? 64 << 10 : 256 << 10
        return Self.published(allReduceMessageBytes ?? own, lanes)
    }

    /// Mates exchange at most a slot at once.
    private static func published(_ bytes: Int, _ lanes: Int) -> Int {
        lanes > 1 ? Swift.min(bytes, Communicator.exchangeLimit) : bytes
    }

    private func algorithm(_ operation: Operation, _ shape: NetworkShape) -> String {
        if shape.ranksPerNode != nil, let chosen = algorithms[operation] { return chosen }
        return switch operation {
        case .allReduce: shape.ranksPerNode == nil ? "hierarchical-ring" : "hierarchical"
        case .reduceScatter, .allGather, .allToAll: "hierarchical"
        case .allToAllV: "pairwise"
        case .broadcast, .reduce: "tree"
        case .gather, .scatter: "linear"
        case .barrier: "dissemination"
        case .fusedAllReduceAllToAll, .fusedDispatch, .fusedCombine, .sendReceive:
            preconditionFailure("\(operation.rawValue) has a path of its own")
        }
    }

    private static let greatestPieceCount = 64

    /// Into how many pieces an operation is cut: of pieces this large its levels work at the same time, and what arrives is
    /// combined in the cache. A card's writes end with a completion each: larger pieces, fewer of them.
    func pieces(of operation: Operation, bytes: Int, _ algorithm: Algorithm, _ shape: NetworkShape) -> Int {
        guard algorithm.needsMappedMemory, let lanes = shape.ranksPerNode else { return 1 }
        let part = operation == .allReduce ? bytes / (lanes * shape.nodeCount) : bytes
        return Swift.max(
            1,
            Swift.min(
                Self.greatestPieceCount, part / Swift.max(1, pieceBytes ?? (shape.hasVerbs ? 2 << 20 : 256 << 10))))
    }
}
