import CMixKernels
import Testing

/// Weighted sums and scaled eight-bit floats, on every instruction set that this processor has.
@Suite(.serialized) struct WeightedSumTests {
    /// The definition, one element at a time.
    private func expected(_ rows: [[Float]], _ weights: [Float], _ start: [Float]) -> [UInt32] {
        start.indices.map { index in
            var sum = start[index]
            for (row, weight) in zip(rows, weights) {
                let product = weight * row[index]
                sum += product
            }
            return sum.bitPattern
        }
    }

    @Test(arguments: [MIX_TYPE_F32, MIX_TYPE_BF16, MIX_TYPE_F16])
    func everyInstructionSet(type: mix_type) {
        let before = mix_isa_current()
        defer { _ = mix_isa_select(before) }
        var generator = SeededGenerator(seed: seed)
        for isa in [MIX_ISA_GENERIC] + vectorSets where canRun(isa) {
            _ = mix_isa_select(isa)
            for count in [0, 1, 7, 64, 130, 511, 512, 1500] {
                for sourceCount in [0, 1, 2, 3, 4, 5, 8, 11] {
                    let accumulates = Bool.random(using: &generator)
                    var rows: [[Float]] = []
                    var narrow: [[UInt16]] = []
                    for _ in 0..<sourceCount {
                        var row = (0..<count).map { _ in Float.random(in: -4...4, using: &generator) }
                        var bits = [UInt16](repeating: 0, count: count)
                        switch type {
                        case MIX_TYPE_BF16:
                            mix_convert_f32_to_bf16(&bits, row, count)
                            mix_convert_bf16_to_f32(&row, bits, count)
                        case MIX_TYPE_F16:
                            mix_convert_f32_to_f16(&bits, row, count)
                            mix_convert_f16_to_f32(&row, bits, count)
                        default: break
                        }
                        rows.append(row)
                        narrow.append(bits)
                    }
                    let weights = (0..<sourceCount).map { _ in Float.random(in: -1...1, using: &generator) }
                    let start = (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
                    var result = start
                    let memory = (0..<sourceCount).map { index -> UnsafeMutableRawPointer in
                        let bytes = count * (type == MIX_TYPE_F32 ? 4 : 2)
                        let copy = UnsafeMutableRawPointer.allocate(byteCount: Swift.max(1, bytes), alignment: 4)
                        if type == MIX_TYPE_F32 {
                            rows[index].withUnsafeBytes {
                                copy.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(copy), byteCount: bytes)
                            }
                        } else {
                            narrow[index].withUnsafeBytes {
                                copy.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(copy), byteCount: bytes)
                            }
                        }
                        return copy
                    }
                    defer { for address in memory { address.deallocate() } }
                    let sources = memory.map { UnsafeRawPointer?($0) }
                    #expect(
                        mix_weighted_sum(type, sources, weights, sourceCount, &result, count, accumulates ? 1 : 0) == 0)
                    let right = expected(
                        rows, weights, accumulates ? start : [Float](repeating: 0, count: count))
                    #expect(
                        result.map(\.bitPattern) == right,
                        "\(name(isa)), \(name(type)), \(sourceCount) × \(count), accumulates \(accumulates)")
                }
            }
        }
    }

    @Test func otherTypesAreRefused() {
        var result: [Float] = [7]
        #expect(mix_weighted_sum(MIX_TYPE_I32, [], [], 0, &result, 1, 0) == -1)
        #expect(result == [7])
    }

    /// Within 1/16 of the magnitude, or 2⁻¹⁰ of the scale; zeros and greatest values are exact.
    @Test func scaledEightBits() {
        var generator = SeededGenerator(seed: seed)
        for count in [0, 1, 127, 128, 129, 1000] {
            for magnitude: Float in [1e-30, 1e-3, 1, 1e30] {
                var source = (0..<count).map { _ in Float.random(in: -magnitude...magnitude, using: &generator) }
                for index in stride(from: 0, to: count, by: 5) { source[index] = 0 }
                var bytes = [UInt8](repeating: 0, count: count)
                var scales = [Float](repeating: 0, count: (count + 127) / 128)
                var back = [Float](repeating: .nan, count: count)
                mix_quantize_f8e4m3(&bytes, &scales, source, count)
                mix_dequantize_f8e4m3(&back, bytes, scales, count)
                for index in 0..<count {
                    let bound = Swift.max(abs(source[index]) / 16, scales[index / 128] * 0x1p-10) * 1.0001
                    #expect(abs(back[index] - source[index]) <= bound, "\(source[index]) became \(back[index])")
                }
            }
        }
    }
}
