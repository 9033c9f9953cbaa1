/// What to expect of a router that chooses k of E experts, all sets alike, when experts are spread evenly over nodes.
///
/// Node i of n has ⌈E/n⌉ or ⌊E/n⌋ experts, the first E mod n nodes one more. All numbers are expectations per token, averaged
/// over the node that the token is on.
public struct UniformRouting: Sendable, Hashable {
    /// E: the number of experts, at least ``choices``.
    public let experts: Int
    /// k: how many different experts every token has.
    public let choices: Int
    /// n: over how many nodes the experts are spread, at least 1.
    public let nodes: Int

    /// Describes a router.
    public init(experts: Int, choices: Int, nodes: Int) {
        precondition(nodes >= 1 && 0 <= choices && choices <= experts, "a token chooses k of E experts on n nodes")
        self.experts = experts
        self.choices = choices
        self.nodes = nodes
    }

    /// The probability that a token has an expert on a given node, on average over the nodes.
    ///
    /// 1 − C(E−e, k)/C(E, k) for a node of e experts (hypergeometric).
    public var nodeProbability: Double {
        (0..<nodes).reduce(0) { $0 + probability(node: $1) } / Double(nodes)
    }

    /// E[nodes other than the token's own on which it has an expert]: rows between nodes per token with de-duplication.
    public var distinctRemoteNodes: Double { Double(nodes - 1) * nodeProbability }

    /// E[choices on other nodes] = k·(n−1)/n: rows between nodes per token without de-duplication.
    public var remoteChoices: Double { Double(choices * (nodes - 1)) / Double(nodes) }

    /// The probability that a token has an expert on one node, which has e = ⌈E/n⌉ or ⌊E/n⌋ of them.
    public func probability(node: Int) -> Double {
        let held = experts / nodes + (node < experts % nodes ? 1 : 0)
        // All k choices are among the experts of other nodes.
        let missed = (0..<choices).reduce(1.0) { product, index in
            product * max(0, Double(experts - held - index)) / Double(experts - index)
        }
        return 1 - missed
    }
}
