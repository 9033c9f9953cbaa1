internal import CMixProducts

/// The packing of one matrix, as the threads that share it see it: a task is a panel.
struct PackingPass: ~Copyable {
    let matrix: mix_packed_matrix
    /// What lies side by side in a panel, each part in as many lanes.
    let parts: [StoredMatrix]
    let threads: Int
    private let queue = TaskQueue()

    init(_ matrix: mix_packed_matrix, parts: [StoredMatrix], threads: Int) {
        self.matrix = matrix
        self.parts = parts
        self.threads = threads
    }

    func work() {
        var matrix = matrix
        let share = Int(MIX_PANEL) / parts.count
        queue.forEach(of: matrix.panels, members: threads) { panel in
            let row = panel * share
            for (index, part) in parts.enumerated() {
                var stored = part.stored
                mix_pack(&matrix, panel, index * share, &stored, row, min(share, part.rows - row))
            }
        }
    }
}
