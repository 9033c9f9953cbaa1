internal import CMixProducts

extension StoredMatrix {
    /// The same view, as the kernels see it.
    var stored: mix_stored_matrix {
        mix_stored_matrix(
            base: base, type: weights, row_stride: rowStride, column_stride: columnStride,
            scales: scales?.base, scales_are_bf16: scales?.type == .bfloat16 ? 1 : 0, scale_stride: scales?.stride ?? 0,
            block: scales?.block ?? 0, first_row: scales?.firstRow ?? 0, first_column: scales?.firstColumn ?? 0)
    }

    /// The form in which they are kept: as stored, or float32 and float16 rounded to bfloat16.
    func packedType(roundsToBFloat16: Bool) -> mix_weights {
        roundsToBFloat16 && weights != MIX_WEIGHTS_F8E4M3 ? MIX_WEIGHTS_BF16 : weights
    }

    private var weights: mix_weights {
        switch type {
        case .float32: MIX_WEIGHTS_F32
        case .float16: MIX_WEIGHTS_F16
        case .bfloat16: MIX_WEIGHTS_BF16
        case .float8E4M3: MIX_WEIGHTS_F8E4M3
        default: fatalError("\(type.rawValue) is no type of weights")
        }
    }
}

extension mix_packed_matrix {
    /// Packs rows side by side: panel p gets rows p · share ..< (p + 1) · share of every part, one part behind the other, with
    /// share = 64 / parts.
    ///
    /// All parts have the same form. `old`, where a matrix of the same form was packed before, gives its memory; the members of
    /// `team` share the panels.
    init(
        _ parts: [StoredMatrix], roundsToBFloat16: Bool, into memory: inout WeightMemory,
        reusing old: mix_packed_matrix?, by team: ThreadTeam
    ) {
        let first = parts[0]
        let share = Int(MIX_PANEL) / parts.count
        let panels = (first.rows + share - 1) / share
        let type = first.packedType(roundsToBFloat16: roundsToBFloat16)
        var stored = first.stored
        self = mix_packed_form(&stored, type, first.columns, panels)
        for part in parts {
            var stored = part.stored
            let form = mix_packed_form(
                &stored, part.packedType(roundsToBFloat16: roundsToBFloat16), part.columns, panels)
            precondition(part.rows == first.rows && form.hasForm(of: self), "parts of one matrix differ in form")
        }
        if let old, old.hasForm(of: self) {
            data = old.data
        } else {
            data = memory.allocate(panels * panel_bytes).assumingMemoryBound(to: UInt8.self)
        }
        var pass = PackingPass(self, parts: parts, threads: team.threads)
        withUnsafeMutablePointer(to: &pass) { pass in
            team.run({ context, _ in context!.assumingMemoryBound(to: PackingPass.self).pointee.work() }, pass)
        }
    }

    private func hasForm(of other: mix_packed_matrix) -> Bool {
        type == other.type && inputs == other.inputs && panels == other.panels && block == other.block
            && offset == other.offset
    }
}
