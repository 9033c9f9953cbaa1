/// Which experts each token goes to, and with which weight: what a router decided.
///
/// Checked by ``Communicator/dispatch(_:hidden:routing:placement:options:)``, not before: whoever rewrites the arrays of
/// one routing from step to step allocates nothing.
public struct Routing: Sendable, Hashable {
    /// In the place of an expert: a choice that is not made. It travels nowhere, and adds nothing to the token's sum;
    /// its weight is not looked at. A token may have no other, and its sum is zero then.
    public static let none: Int32 = -1

    /// Experts per token, k.
    public let choices: Int
    /// The expert of every choice, [tokens, k], from 0, or ``none``.
    public var experts: [Int32]
    /// The gate's weight of every choice, [tokens, k]: what the expert's output is multiplied by, or its input.
    public var weights: [Float]

    /// A routing of `experts.count / choices` tokens.
    public init(experts: [Int32], weights: [Float], choices: Int) {
        self.experts = experts
        self.weights = weights
        self.choices = choices
    }

    /// How many tokens are routed.
    public var tokenCount: Int { choices > 0 ? experts.count / choices : 0 }

    /// A number that differs, but for a chance of 2⁻⁶⁴, between routings that differ in a choice that is made.
    var fingerprint: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(choices)
        for (expert, weight) in zip(experts, weights) {
            let bits = expert == Self.none ? 0 : weight.bitPattern
            hash = (hash ^ (UInt64(UInt32(bitPattern: expert)) << 32 | UInt64(bits))) &* 0x9e37_79b9_7f4a_7c15
            hash ^= hash >> 29
        }
        return hash
    }
}
