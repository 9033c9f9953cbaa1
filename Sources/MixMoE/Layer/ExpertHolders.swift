public import MixPlanner

/// Which ranks of expert parallelism hold which experts; several may hold one (a redundant expert), which shares its tokens
/// out among them.
public struct ExpertHolders: Sendable, Hashable {
    /// The ranks of expert parallelism (from 0 up) that hold each expert: at least one, in order.
    public let ranksOfExpert: [[Int]]

    /// Experts as listed: `ranksOfExpert[expert]` are its holders. Checked when a layer is made with it.
    public init(ranksOfExpert: [[Int]]) {
        self.ranksOfExpert = ranksOfExpert.map { $0.sorted() }
    }

    /// Equal runs of experts: the first `experts / degree` on rank 0, and so on. `degree` divides `experts`.
    public init(experts: Int, degree: Int) {
        precondition(degree > 0 && experts.isMultiple(of: degree), "\(experts) experts do not divide by \(degree)")
        ranksOfExpert = (0..<experts).map { [$0 / (experts / degree)] }
    }

    /// One layer of a planned placement: a device is a rank of expert parallelism.
    public init(_ placement: ExpertPlacement, layer: Int) {
        self.init(
            ranksOfExpert: placement.placesOfExpert[layer].map { places in
                Set(places.map { $0 / placement.shape.replicasPerDevice }).sorted()
            })
    }

    /// The experts that one rank of expert parallelism holds, in order.
    public func experts(onRank rank: Int) -> [Int] {
        ranksOfExpert.indices.filter { ranksOfExpert[$0].contains(rank) }
    }
}
