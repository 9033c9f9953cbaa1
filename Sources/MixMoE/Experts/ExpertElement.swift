internal import CMixProducts
public import MixCollectives

/// What rows of hidden states are made of: `Float` or `BFloat16`.
public protocol ExpertElement: CollectiveElement {
    /// The nearest element, ties to even.
    init(_ value: Float)
    /// The same value, which float32 always has.
    var float: Float { get }
}

extension Float: ExpertElement {
    /// Itself.
    /// Itself.
    public var float: Float { self }
}
extension BFloat16: ExpertElement {
    /// The same value.
    /// The same value.
    public var float: Float { Float(self) }
}

extension ExpertElement {
    static var operand: mix_operand { Self.self == Float.self ? MIX_OPERAND_F32 : MIX_OPERAND_BF16 }
}

extension mix_operand {
    var size: Int { self == MIX_OPERAND_F32 ? 4 : 2 }
}
