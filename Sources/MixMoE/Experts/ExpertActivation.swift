internal import CMixProducts

/// What lies between the gate and up products of an expert and its down product.
public enum ExpertActivation: Sendable, Hashable {
    /// up · gate · sigmoid(gate).
    case silu
    /// (up + 1) · gate · sigmoid(alpha · gate) with gate clamped to at most `limit`, and up to ±`limit`: gpt-oss.
    case clampedSwiGLU(alpha: Float, limit: Float)

    var form: mix_activation_form {
        switch self {
        case .silu: mix_activation_form(kind: MIX_ACTIVATION_SILU, alpha: 1, limit: 0)
        case .clampedSwiGLU(let alpha, let limit):
            mix_activation_form(kind: MIX_ACTIVATION_CLAMPED_SWIGLU, alpha: alpha, limit: limit)
        }
    }
}
