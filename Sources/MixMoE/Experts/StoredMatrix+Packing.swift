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
