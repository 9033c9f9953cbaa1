internal import CMixProducts
public import MixCollectives

/// What rows of hidden states are made of: `Float` or `BFloat16`.
public protocol ExpertElement: CollectiveElement {}

extension Float: ExpertElement {}
extension BFloat16: ExpertElement {}

extension ExpertElement {
    static var operand: mix_operand { Self.self == Float.self ? MIX_OPERAND_F32 : MIX_OPERAND_BF16 }
}

extension mix_operand {
    var size: Int { self == MIX_OPERAND_F32 ? 4 : 2 }
}
