internal import CMixKernels

extension Checkpoint {
    /// Which columns of a tensor [inputs, outputs] are a matrix's outputs, where gate and up share a tensor.
    enum FusedOutputs {
        case all
        /// Llama 4's gate.
        case firstHalf
        /// Llama 4's up.
        case secondHalf
        /// gpt-oss's gate.
        case even
        /// gpt-oss's up.
        case odd
    }

    /// A matrix [rows, columns] of weights: float32, float16, bfloat16, or float8E4M3 with the scales that
    /// `NAME_scale_inv` has for its blocks. Valid while this checkpoint lives; nothing is read yet.
    ///
    /// Throws what ``tensor(named:)`` throws, `.shape`, and `.unsupportedType` for what can't be weights.
    func matrix(named name: String, expecting shape: [Int]) throws(MoEError) -> StoredMatrix {
        precondition(shape.count == 2)
        let tensor = try weights(named: name, expecting: shape)
        return StoredMatrix(
            base: tensor.start, type: tensor.type, rows: shape[0], columns: shape[1], rowStride: shape[1],
            columnStride: 1,
            scales: tensor.type == .float8E4M3 ? try scales(of: tensor) : nil, file: tensor.file.mapping)
    }

    /// One expert's matrix of a tensor [experts, inputs, outputs], as [outputs, inputs]: y = x Wᵀ as always, with the
    /// strides turned round. Otherwise as ``matrix(named:expecting:)``; float8E4M3 is not published in this form.
    func matrix(
        named name: String, expert: Int, expecting shape: [Int], outputs: FusedOutputs = .all
    ) throws(MoEError) -> StoredMatrix {
        precondition(shape.count == 3 && (0..<shape[0]).contains(expert))
        precondition(outputs == .all || shape[2].isMultiple(of: 2))
        let tensor = try weights(named: name, expecting: shape)
        guard tensor.type != .float8E4M3 else {
            throw tensor.wrong(
                .unsupportedType, "\(tensor.type.rawValue) is supported for matrices with \(Self.scaleSuffix) alone")
        }
        let (inputs, width) = (shape[1], shape[2])
        let (start, step) =
            switch outputs {
            case .all, .firstHalf: (0, 1)
            case .secondHalf: (width / 2, 1)
            case .even: (0, 2)
            case .odd: (1, 2)
            }
        return StoredMatrix(
            base: tensor.start + (expert * inputs * width + start) * tensor.type.size, type: tensor.type,
            rows: outputs == .all ? width : width / 2, columns: inputs, rowStride: step, columnStride: width,
            file: tensor.file.mapping)
    }

    /// A tensor [count] of float32, float16 or bfloat16, read and widened to float32.
    ///
    /// Throws what ``tensor(named:)`` throws, `.shape` for another count or more dimensions, and `.unsupportedType`
    /// for other types.
    public func vector(named name: String, count: Int) throws(MoEError) -> [Float] {
        let tensor = try floats(named: name, expecting: [count])
        return floats(tensor, at: 0, count: count)
    }

    /// One row of a tensor [rows, count], such as an expert's biases; otherwise as ``vector(named:count:)``. Reads that
    /// row only.
    public func vector(named name: String, row: Int, of rows: Int, count: Int) throws(MoEError) -> [Float] {
        precondition(row >= 0 && row < rows, "row \(row) outside 0 ..< \(rows)")
        let tensor = try floats(named: name, expecting: [rows, count])
        return floats(tensor, at: row * count, count: count)
    }
}

extension Checkpoint {
    private static let scaleSuffix = "_scale_inv"

    private func tensor(named name: String, expecting shape: [Int], because reason: String) throws(MoEError)
        -> StoredTensor
    {
        let tensor = try tensor(named: name)
        guard tensor.shape == shape else {
            throw tensor.wrong(.shape, "its shape is \(tensor.shape), and \(reason) \(shape)")
        }
        return tensor
    }

    private func weights(named name: String, expecting shape: [Int]) throws(MoEError) -> StoredTensor {
        let tensor = try tensor(named: name, expecting: shape, because: "config.json asks for")
        switch tensor.type {
        case .float32, .float16, .bfloat16, .float8E4M3: return tensor
        default:
            throw tensor.wrong(
                .unsupportedType, "\(tensor.type.rawValue) can't be used as weights; F32, F16, BF16 and F8_E4M3 can")
        }
    }

    private func floats(named name: String, expecting shape: [Int]) throws(MoEError) -> StoredTensor {
        let tensor = try tensor(named: name, expecting: shape, because: "config.json asks for")
        guard [.float32, .float16, .bfloat16].contains(tensor.type) else {
            throw tensor.wrong(.unsupportedType, "\(tensor.type.rawValue) can't be used here; F32, F16 and BF16 can")
        }
        return tensor
    }

    private func scales(of weights: StoredTensor) throws(MoEError) -> StoredMatrix.Scales {
        let name = weights.name + Self.scaleSuffix
        guard contains(name) else {
            throw weights.wrong(
                .missingTensor,
                "F8_E4M3 weights need the scales of their blocks, and the checkpoint has no \(name)")
        }
        let block = quantisationBlock
        let shape = weights.shape.map { $0 / block + ($0 % block == 0 ? 0 : 1) }
        let tensor = try tensor(
            named: name, expecting: shape, because: "weights of \(weights.shape) in blocks of \(block) × \(block) need")
        guard tensor.type == .float32 || tensor.type == .bfloat16 else {
            throw tensor.wrong(.unsupportedType, "scales are F32 or BF16, not \(tensor.type.rawValue)")
        }
        return StoredMatrix.Scales(base: tensor.start, type: tensor.type, stride: shape[1], block: block)
    }

    private func floats(_ tensor: StoredTensor, at first: Int, count: Int) -> [Float] {
        counter.add(count * tensor.type.size)
        let source = UnsafeRawBufferPointer(
            start: tensor.start + first * tensor.type.size, count: count * tensor.type.size)
        return [Float](unsafeUninitializedCapacity: count) { floats, initialized in
            initialized = count
            if tensor.type == .float32 {
                UnsafeMutableRawBufferPointer(floats).copyMemory(from: source)
                return
            }
            // In a file nothing is aligned.
            let halves = [UInt16](unsafeUninitializedCapacity: count) { halves, initialized in
                UnsafeMutableRawBufferPointer(halves).copyMemory(from: source)
                initialized = count
            }
            let convert = tensor.type == .bfloat16 ? mix_convert_bf16_to_f32 : mix_convert_f16_to_f32
            if let base = floats.baseAddress { convert(base, halves, count) }
        }
    }
}
