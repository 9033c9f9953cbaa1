import MixSchedule
import Testing

/// A small deterministic generator (SplitMix64), so that a failing seed can be run again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension Topology {
    static func flat(_ rankCount: Int) -> Topology {
        Topology(nodeCount: 1, ranksPerNode: rankCount)
    }

    /// Ranks dealt to nodes of unequal size, in mixed order.
    static func random(rankCount: Int, using generator: inout SeededGenerator) -> Topology {
        var nodes: [[Int]] = [[]]
        for rank in (0..<rankCount).shuffled(using: &generator) {
            if !nodes[nodes.count - 1].isEmpty && Int.random(in: 0..<3, using: &generator) == 0 {
                nodes.append([])
            }
            nodes[nodes.count - 1].append(rank)
        }
        // Every rank is on one node, and no node is empty.
        return try! Topology(nodes: nodes)
    }

    /// Nodes of equal size with ranks in mixed order.
    static func shuffled(
        nodeCount: Int, ranksPerNode: Int, using generator: inout SeededGenerator
    ) -> Topology {
        let ranks = (0..<nodeCount * ranksPerNode).shuffled(using: &generator)
        return try! Topology(
            nodes: (0..<nodeCount).map {
                Array(ranks[$0 * ranksPerNode..<($0 + 1) * ranksPerNode])
            })
    }
}

/// Every algorithm with its operation, for parameterised tests.
struct Case: Sendable, CustomTestStringConvertible {
    let algorithm: Algorithm

    static let all = Operation.allCases.flatMap { Algorithm.all(for: $0) }.map(Case.init)
    var testDescription: String { "\(algorithm.operation.rawValue) \(algorithm.name)" }

    /// The verifier that allows the algorithm no more mapped memory than it says it needs.
    func verifier(topology: Topology, root: Int = 0, inPlace: Bool = false) -> Verifier {
        let memory: MappedMemory =
            !algorithm.needsMappedMemory
            ? .own : algorithm.usesTopology ? .ofNode(topology) : .ofAll
        return Verifier(
            algorithm.operation, root: root, inPlace: inPlace, mappedMemory: memory, topology: topology)
    }
}
