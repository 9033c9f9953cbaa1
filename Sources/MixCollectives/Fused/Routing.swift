/// Which experts each token goes to, and with which weight: what a router decided.
public struct Routing: Sendable, Hashable {
    /// Experts per token, k.
    public let choices: Int
    /// The expert of every choice, [tokens, k], from 0.
    public let experts: [Int32]
    /// The gate's weight of every choice, [tokens, k]: what the expert's output is multiplied by.
    public let weights: [Float]

    /// A routing of `experts.count / choices` tokens. Checked by ``Communicator/dispatch(_:routing:placement:options:)``.
    public init(experts: [Int32], weights: [Float], choices: Int) {
        self.experts = experts
        self.weights = weights
        self.choices = choices
    }

    /// How many tokens are routed.
    public var tokenCount: Int { choices > 0 ? experts.count / choices : 0 }

    /// A number that differs, but for a chance of 2⁻⁶⁴, between routings that differ.
    var fingerprint: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(choices)
        for (expert, weight) in zip(experts, weights) {
            hash =
                (hash ^ (UInt64(UInt32(bitPattern: expert)) << 32 | UInt64(weight.bitPattern))) &* 0x9e37_79b9_7f4a_7c15
            hash ^= hash >> 29
        }
        return hash
    }
}
