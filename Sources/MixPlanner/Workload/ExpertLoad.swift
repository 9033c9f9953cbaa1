/// How often tokens choose each expert: alike, by a power law, or as was recorded.
public enum ExpertLoad: Sendable, Hashable {
    /// All experts alike. Chance makes some busier all the same, which the cost model counts.
    case uniform
    /// The i-th most popular expert of a layer gets a share in proportion to i^−exponent. Popular experts lie anywhere, the same
    /// for every plan.
    case powerLaw(exponent: Double)
    /// Shares [layer][expert], such as ``ExpertTrace/loads``.
    case recorded([[Double]])

    /// Checks that every number makes sense.
    func validate() throws(PlannerError) {
        switch self {
        case .uniform: break
        case .powerLaw(let exponent):
            guard exponent >= 0, exponent <= 10 else {
                throw .invalidValue(
                    file: "workload", key: "load.exponent", value: "\(exponent)", expected: "a number from 0 to 10")
            }
        case .recorded(let layers):
            let width = layers.first?.count ?? 0
            guard width > 0,
                layers.allSatisfy({ $0.count == width && $0.allSatisfy { $0 >= 0 } && $0.contains { $0 > 0 } })
            else {
                throw .invalidValue(
                    file: "workload", key: "load", value: "\(layers.count) layers",
                    expected: "for each layer as many numbers, 0 or more, as there are experts, and not all 0")
            }
        }
    }

    /// The busiest group's load over the mean, 1 or more.
    ///
    /// - Parameters:
    ///   - experts: E; recorded loads of another number are not for this model, and count as uniform.
    ///   - groups: d_EP.
    ///   - redundant: experts that are held twice.
    ///   - isBalanced: whether experts are placed by load, as ``ExpertPlacement/balanced(weights:shape:)`` does; else in order.
    func imbalance(experts: Int, groups: Int, redundant: Int = 0, isBalanced: Bool = false) -> Double {
        guard groups > 1 else { return 1 }
        func imbalance(_ loads: [Double]) -> Double {
            ExpertLoad.imbalance(of: loads, groups: groups, redundant: redundant, isBalanced: isBalanced)
        }
        switch self {
        case .uniform: return 1
        case .powerLaw(let exponent): return imbalance(ExpertLoad.powerLaw(experts: experts, exponent: exponent))
        case .recorded(let layers):
            let fitting = layers.filter { $0.count == experts }
            guard !fitting.isEmpty else { return 1 }
            return fitting.reduce(0) { $0 + imbalance($1) } / Double(fitting.count)
        }
    }

    private static func imbalance(of loads: [Double], groups: Int, redundant: Int, isBalanced: Bool) -> Double {
        let shape = ExpertPlacement.Shape(replicas: loads.count + redundant, nodes: 1, devices: groups)
        let placement =
            isBalanced
            ? try? ExpertPlacement.balanced(weights: [loads], shape: shape)
            : try? ExpertPlacement.linear(layers: 1, experts: loads.count, shape: shape)
        guard let placement else { return 1 }
        let copies = placement.replicasOfExpert[0]
        var sums = Array(repeating: 0.0, count: groups)
        for (place, expert) in placement.expertOfPlace[0].enumerated() {
            sums[place / shape.replicasPerDevice] += loads[expert] / Double(copies[expert])
        }
        return max(1, (sums.max() ?? 0) * Double(groups) / loads.reduce(0, +))
    }

    /// i^−exponent, in an order that looks random and is always the same.
    private static func powerLaw(experts: Int, exponent: Double) -> [Double] {
        var random = SplitMix64(state: 1)
        let places = (0..<experts).shuffled(using: &random)
        var loads = Array(repeating: 0.0, count: experts)
        for (rank, place) in places.enumerated() { loads[place] = power(Double(rank + 1), -exponent) }
        return loads
    }
}
