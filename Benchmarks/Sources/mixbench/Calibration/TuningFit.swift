import MixCollectives
import MixPlanner
import MixSchedule

/// The tuning that the prices of a calibrated cluster recommend.
///
/// A price is some ten per cent off, so a choice of the library's own stays unless another is priced a tenth faster.
struct TuningFit {
    private typealias Operation = MixSchedule.Operation

    private let cluster: ClusterSpec
    private let overVerbs: Bool
    private let prediction: CollectivePrediction
    private static let gain = 0.9
    private static let greatest = 16 << 20

    /// Nil for a cluster that was not measured, or has nothing to tune: one node.
    init?(_ cluster: ClusterSpec, overVerbs: Bool) {
        guard cluster.nodes > 1, let prediction = CollectivePrediction(cluster) else { return nil }
        self.cluster = cluster
        self.overVerbs = overVerbs
        self.prediction = prediction
    }

    /// The library's choices, where no other is priced faster.
    func tuning() throws -> Tuning {
        var tuning = Tuning()
        tuning.pieceBytes = try pieceBytes()
        for operation in [Operation.allReduce, .reduceScatter, .allGather, .allToAll] {
            tuning.algorithms[operation] = try algorithm(operation, tuning)
        }
        if cluster.ranksPerNode > 1 { tuning.allReduceWholeBytes = try wholeBytes(tuning) }
        tuning.allReduceMessageBytes = try messages(.allReduce, tuning)
        tuning.allToAllMessageBytes = try messages(.allToAll, tuning)
        return tuning
    }

    // MARK: Limits

    /// Up to how many bytes messages with all are faster than those with parts.
    private func wholeBytes(_ tuning: Tuning) throws -> Int? {
        let (whole, parts) = (Communicator.Way.messages(inParts: false), Communicator.Way.messages(inParts: true))
        let messaging = messaging(tuning)
        return try limit(from: limit(.allReduce, tuning) { $0 == whole }) { bytes in
            guard way(.allReduce, bytes, messaging).isMessages else { return nil }
            return try (seconds(.allReduce, bytes, whole), seconds(.allReduce, bytes, parts))
        }
    }

    /// Up to how many bytes messages are faster than the schedule.
    private func messages(_ operation: Operation, _ tuning: Tuning) throws -> Int? {
        let (messaging, scheduled) = (messaging(tuning), scheduling(tuning))
        return try limit(from: limit(operation, tuning, \.isMessages)) { bytes in
            let below = way(operation, bytes, messaging)
            guard below.isMessages else { return nil }
            let above = way(operation, bytes, scheduled)
            return try (seconds(operation, bytes, below), seconds(operation, bytes, above))
        }
    }

    /// The greatest power of two that goes this way.
    private func limit(_ operation: Operation, _ tuning: Tuning, _ isBelow: (Communicator.Way) -> Bool) -> Int {
        sequence(first: Self.greatest) { $0 > 64 ? $0 / 2 : nil }.first { isBelow(way(operation, $0, tuning)) } ?? 0
    }

    /// Moves a limit up or down for as long as the other side's price says that it gains; nil: it stays.
    ///
    /// - Parameter price: seconds at so many bytes below the limit and above it; nil where there is no choice.
    private func limit(from start: Int, _ price: (Int) throws -> (below: Double, above: Double)?) rethrows -> Int? {
        var limit = start
        while limit < Self.greatest, let next = try price(2 * limit), next.below < Self.gain * next.above { limit *= 2 }
        if limit > start { return limit }
        while limit >= 64, let here = try price(limit), here.above < Self.gain * here.below { limit /= 2 }
        return limit < start ? limit < 64 ? 0 : limit : nil
    }

    // MARK: Schedules

    private func pieceBytes() throws -> Int? {
        let operations: [Operation] = [.allReduce, .reduceScatter, .allGather]
        return try best(
            sequence(first: 64 << 10) { $0 < 4 << 20 ? 2 * $0 : nil }.map { Tuning(pieceBytes: $0) }, operations,
            over: Tuning())?.pieceBytes
    }

    private func algorithm(_ operation: Operation, _ tuning: Tuning) throws -> String? {
        let candidates = Tuning.algorithms(for: operation).map { name in
            var candidate = tuning
            candidate.algorithms[operation] = name
            return candidate
        }
        return try best(candidates, [operation], over: tuning)?.algorithms[operation]
    }

    /// The candidate whose schedules are priced fastest, if they are faster than those of `present` in the mean and slower nowhere.
    private func best(_ candidates: [Tuning], _ operations: [Operation], over present: Tuning) throws -> Tuning? {
        let sizes = Array(sequence(first: 64 << 10) { $0 < Self.greatest ? 4 * $0 : nil })
        func prices(_ tuning: Tuning) throws -> [Double] {
            let tuning = scheduling(tuning)
            return try operations.flatMap { operation in
                try sizes.map { try seconds(operation, $0, way(operation, $0, tuning)) }
            }
        }
        let now = try prices(present)
        var (best, least): (Tuning?, Double) = (nil, Self.gain)
        for candidate in candidates {
            let ratios = zip(try prices(candidate), now).map { $0 / $1 }
            let mean = Self.mean(ratios)
            if mean < least, ratios.allSatisfy({ $0 <= 1.01 }) { (best, least) = (candidate, mean) }
        }
        return best
    }

    private static func mean(_ ratios: [Double]) -> Double { ratios.reduce(0, +) / Double(ratios.count) }

    /// The same with messages wherever there can be any.
    private func messaging(_ tuning: Tuning) -> Tuning {
        var tuning = tuning
        (tuning.allReduceMessageBytes, tuning.allToAllMessageBytes) = (Self.greatest, Self.greatest)
        return tuning
    }

    /// The same without messages.
    private func scheduling(_ tuning: Tuning) -> Tuning {
        var tuning = tuning
        (tuning.allReduceMessageBytes, tuning.allToAllMessageBytes) = (0, 0)
        return tuning
    }

    // MARK: Prices

    private func shape(_ operation: Operation, _ bytes: Int) -> Shape {
        Shape(operation, bytes: bytes, ranks: cluster.rankCount)
    }

    private func way(_ operation: Operation, _ bytes: Int, _ tuning: Tuning) -> Communicator.Way {
        let shape = shape(operation, bytes)
        return tuning.way(
            of: operation, bytes: shape.blockCount * shape.elementSize, nodes: cluster.nodes,
            ranksPerNode: cluster.ranksPerNode, overVerbs: overVerbs)
    }

    private func seconds(_ operation: Operation, _ bytes: Int, _ way: Communicator.Way) throws -> Double {
        try prediction.seconds(shape(operation, bytes), way)
    }
}

extension Communicator.Way {
    fileprivate var isMessages: Bool { if case .messages = self { true } else { false } }
}

extension Tuning {
    /// What `mixbench calibrate --tuning` writes.
    func file(for cluster: ClusterSpec) -> String {
        "# \(cluster.name), between nodes. For MIX_TUNING, the same on all ranks.\n"
            + (self == Tuning() ? "# No other choice than the library's own is priced a tenth faster.\n" : text)
    }
}
