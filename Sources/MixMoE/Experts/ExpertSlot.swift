internal import CMixProducts

/// Room for one expert, or for a rank's part of one.
struct ExpertSlot {
    /// The inner width.
    let width: Int
    /// Rows of gate and up, 32 of each to a panel.
    var gateUp: mix_packed_matrix?
    var down: mix_packed_matrix?
    /// [panels · 64], in the order of the panels; nil: none.
    var gateUpBias: UnsafeMutablePointer<Float>?
    /// [hidden, padded to panels]; nil: none.
    var downBias: UnsafeMutablePointer<Float>?

    var gateUpPanels: Int { (width + Int(MIX_PANEL) / 2 - 1) / (Int(MIX_PANEL) / 2) }
}
