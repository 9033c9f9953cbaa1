/// gpt-oss's clamped form of SwiGLU: (up + 1) · gate · sigmoid(α · gate).
public struct SwiGLUSpec: Sendable, Hashable {
    /// α.
    public var alpha: Double
    /// gate is at most this, and up between its negative and this.
    public var limit: Double

    /// Describes a clamped SwiGLU.
    public init(alpha: Double = 1.702, limit: Double) {
        self.alpha = alpha
        self.limit = limit
    }
}
