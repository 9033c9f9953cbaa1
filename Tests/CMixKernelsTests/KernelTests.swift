import CMixKernels
import Foundation
import Testing

/// The instruction set in use belongs to the process: these tests take turns.
@Suite("Kernels", .serialized)
struct KernelTests {
    // MARK: - The contract

    @Test("Sizes of types")
    func sizes() {
        #expect(reducibleTypes.map { mix_type_size($0) } == [4, 8, 2, 2, 1, 4, 8, 1])
        #expect(mix_type_size(MIX_TYPE_F8E4M3) == 1)
    }

    @Test("An instruction set that this processor lacks is not selected")
    func selection() {
        let before = mix_isa_current()
        for isa in vectorSets {
            #expect((mix_isa_select(isa) != 0) == canRun(isa))
            #expect(mix_isa_current() == isa || !canRun(isa))
        }
        #expect(mix_isa_select(mix_isa(rawValue: 77)) == 0)
        #expect(mix_isa_select(before) != 0)
        #expect(mix_isa_current() == before)
    }

    @Test("What can't be reduced is refused, and nothing written")
    func refusals() {
        let source: [Float] = [1, 2]
        var destination: [Float] = [7, 7]
        func status(
            _ type: mix_type, _ reduction: mix_reduction, sources: Int = 1, destinations: Int = 1,
            divisor: UInt32 = 1
        ) -> Int32 {
            source.withUnsafeBytes { from in
                destination.withUnsafeMutableBytes { to in
                    mix_reduce(
                        type, reduction, [from.baseAddress], sources, [to.baseAddress], destinations,
                        2, divisor, 0)
                }
            }
        }
        #expect(status(MIX_TYPE_F8E4M3, MIX_REDUCTION_SUM) == -1)
        #expect(status(mix_type(rawValue: 40), MIX_REDUCTION_SUM) == -1)
        #expect(status(MIX_TYPE_F32, mix_reduction(rawValue: 40)) == -1)
        #expect(status(MIX_TYPE_F32, MIX_REDUCTION_SUM, sources: 0) == -1)
        #expect(status(MIX_TYPE_I32, MIX_REDUCTION_AVERAGE, divisor: 0) == -1)
        #expect(status(MIX_TYPE_F32, MIX_REDUCTION_SUM, destinations: 0) == 0)
        #expect(destination == [7, 7])
        #expect(status(MIX_TYPE_F32, MIX_REDUCTION_SUM, divisor: 0) == 0)
        #expect(destination == [1, 2])
    }

    // MARK: - generic, by Swift's arithmetic

    @Test("generic reduces integers", arguments: reductions)
    func integers(_ reduction: mix_reduction) {
        check(reduction, MIX_TYPE_I8, Int8.self) { $0 == $1 }
        check(reduction, MIX_TYPE_I32, Int32.self) { $0 == $1 }
        check(reduction, MIX_TYPE_I64, Int64.self) { $0 == $1 }
        check(reduction, MIX_TYPE_U8, UInt8.self) { $0 == $1 }
    }

    private func check<T: FixedWidthInteger>(
        _ reduction: mix_reduction, _ type: mix_type, _: T.Type, same: (T, T) -> Bool
    ) {
        var generator = SeededGenerator(seed: seed)
        let limits: [T] = [.min, .max, 0, 1, .max - 1, .min + 1, 3]
        let sources = (0..<3).map { _ in
            limits.shuffled(using: &generator)
                + (0..<200).map { _ in T.random(in: .min ... .max, using: &generator) }
        }
        for divisor: UInt32 in [1, 2, 3, 7, .max] {
            let result = reduce(type, reduction, sources, divisor: divisor)
            for i in result.indices {
                let expected = reduced(sources.map { $0[i] }, reduction, divisor: divisor)
                #expect(
                    same(result[i], expected), "\(name(type)) \(sources.map { $0[i] }) / \(divisor)")
            }
        }
    }

    @Test("generic reduces floats", arguments: reductions)
    func floats(_ reduction: mix_reduction) {
        var generator = SeededGenerator(seed: seed)
        check(
            reduction, MIX_TYPE_F32, bits(MIX_TYPE_F32, UInt32.self, &generator),
            widen: { Float(bitPattern: $0) }, narrow: { $0.bitPattern })
        check(
            reduction, MIX_TYPE_F64, bits(MIX_TYPE_F64, UInt64.self, &generator),
            widen: { Double(bitPattern: $0) }, narrow: { $0.bitPattern })
        check(
            reduction, MIX_TYPE_F16, bits(MIX_TYPE_F16, UInt16.self, &generator),
            widen: { Float(Float16(bitPattern: $0)) }, narrow: { Float16($0).bitPattern })
        check(
            reduction, MIX_TYPE_BF16, bits(MIX_TYPE_BF16, UInt16.self, &generator),
            widen: { float(bfloat16: $0) }, narrow: { bfloat16($0) })
    }

    /// Three sources: every pair of special values in the first two, and random bits.
    private func bits<Bits: FixedWidthInteger>(
        _ type: mix_type, _: Bits.Type, _ generator: inout SeededGenerator
    ) -> [[Bits]] {
        let special = specialBits(type).map { Bits(truncatingIfNeeded: $0) }
        func random() -> [Bits] {
            (0..<500).map { _ in Bits.random(in: .min ... .max, using: &generator) }
        }
        let first = special.flatMap { bits in special.map { _ in bits } }
        let second = special.flatMap { _ in special }
        let third = first.map { _ in special.randomElement(using: &generator)! }
        return [first + random(), second + random(), third + random()]
    }

    private func check<Bits: FixedWidthInteger, Value: BinaryFloatingPoint>(
        _ reduction: mix_reduction, _ type: mix_type, _ sources: [[Bits]], widen: (Bits) -> Value,
        narrow: (Value) -> Bits
    ) {
        for sourceCount in 1...3 {
            let used = Array(sources.prefix(sourceCount))
            let result = reduce(type, reduction, used, divisor: 3)
            for i in result.indices {
                let value = reduced(used.map { widen($0[i]) }, reduction, divisor: 3)
                let isSame = value.isNaN ? widen(result[i]).isNaN : result[i] == narrow(value)
                guard isSame else {
                    Issue.record(
                        """
                        \(name(type)) \(name(reduction)) of \(used.map { widen($0[i]) }) is \
                        \(widen(result[i])), not \(value); MIX_TEST_SEED=\(seed)
                        """)
                    return
                }
            }
        }
    }

    private func reduce<T>(
        _ type: mix_type, _ reduction: mix_reduction, _ sources: [[T]], divisor: UInt32
    ) -> [T] {
        with(MIX_ISA_GENERIC) {
            let count = sources[0].count
            let memory = sources.map { source in
                let copy = UnsafeMutablePointer<T>.allocate(capacity: count)
                copy.initialize(from: source, count: count)
                return copy
            }
            defer { for copy in memory { copy.deallocate() } }
            return [T](unsafeUninitializedCapacity: count) { buffer, initialized in
                _ = mix_reduce(
                    type, reduction, memory.map { UnsafeRawPointer($0) }, memory.count,
                    [UnsafeMutableRawPointer(buffer.baseAddress!)], 1, count, divisor, 0)
                initialized = count
            }
        }
    }

    @Test("generic converts f16 exactly")
    func float16() {
        with(MIX_ISA_GENERIC) {
            let every = float16Conversion.every
            let wide = float16Conversion.widened(every)
            let wrong = zip(every, wide).filter { bits, value in
                let expected = Float(Float16(bitPattern: bits))
                return expected.isNaN ? !value.isNaN : value.bitPattern != expected.bitPattern
            }
            #expect(wrong.isEmpty)
            let back = float16Conversion.narrowed(wide)
            #expect(zip(every, back).allSatisfy { $0 == $1 || Float16(bitPattern: $0).isNaN })
            var generator = SeededGenerator(seed: seed)
            for value in floatsToRound(&generator) {
                let result = float16Conversion.narrowed([value])[0]
                let same =
                    value.isNaN
                    ? Float16(bitPattern: result).isNaN : result == Float16(value).bitPattern
                if !same { Issue.record("\(value) becomes \(result), MIX_TEST_SEED=\(seed)") }
            }
        }
    }

    @Test("generic converts bf16 exactly")
    func bfloat16s() {
        with(MIX_ISA_GENERIC) {
            let every = bfloat16Conversion.every
            let wide = bfloat16Conversion.widened(every)
            #expect(zip(every, wide).allSatisfy { UInt32($0) << 16 == $1.bitPattern })
            let back = bfloat16Conversion.narrowed(wide)
            #expect(zip(every, back).allSatisfy { $0 == $1 || float(bfloat16: $0).isNaN })
            var generator = SeededGenerator(seed: seed)
            for value in floatsToRound(&generator) {
                let result = bfloat16Conversion.narrowed([value])[0]
                let same =
                    value.isNaN ? float(bfloat16: result).isNaN : result == bfloat16(value)
                if !same { Issue.record("\(value) becomes \(result), MIX_TEST_SEED=\(seed)") }
            }
        }
    }

    @Test("generic converts e4m3 exactly")
    func e4m3s() {
        with(MIX_ISA_GENERIC) {
            let every = e4m3Conversion.every
            let wide = e4m3Conversion.widened(every)
            for (bits, value) in zip(every, wide) {
                let expected = float(e4m3: bits)
                #expect(expected.isNaN ? value.isNaN : value.bitPattern == expected.bitPattern)
            }
            #expect(e4m3Conversion.narrowed(wide) == every)
            #expect(e4m3Conversion.narrowed([.infinity, -.infinity, 1e9]) == [0x7e, 0xfe, 0x7e])
            var generator = SeededGenerator(seed: seed)
            for value in floatsToRound(&generator) {
                let result = e4m3Conversion.narrowed([value])[0]
                let same = value.isNaN ? result & 0x7f == 0x7f : result == e4m3(value)
                if !same { Issue.record("\(value) becomes \(result), MIX_TEST_SEED=\(seed)") }
            }
        }
    }

    @Test("generic copies")
    func genericCopies() { compareCopies(MIX_ISA_GENERIC) }

    // MARK: - Every other instruction set, by generic

    @Suite(
        "avx2 answers as generic does", .serialized,
        .enabled(if: canRun(MIX_ISA_AVX2), "skipped avx2: this processor lacks it"))
    struct AVX2 {
        @Test("avx2: every shape of reduction")
        func shapes() { ReductionComparison.everyShape(MIX_ISA_AVX2) }

        @Test("avx2: special values")
        func special() { ReductionComparison.specialValues(MIX_ISA_AVX2) }

        @Test("avx2: conversions")
        func conversions() { KernelTests.convert(MIX_ISA_AVX2) }

        @Test("avx2: copies")
        func copies() { compareCopies(MIX_ISA_AVX2) }
    }

    @Suite(
        "avx512 answers as generic does", .serialized,
        .enabled(if: canRun(MIX_ISA_AVX512), "skipped avx512: this processor lacks it"))
    struct AVX512 {
        @Test("avx512: every shape of reduction")
        func shapes() { ReductionComparison.everyShape(MIX_ISA_AVX512) }

        @Test("avx512: special values")
        func special() { ReductionComparison.specialValues(MIX_ISA_AVX512) }

        @Test("avx512: conversions")
        func conversions() { KernelTests.convert(MIX_ISA_AVX512) }

        @Test("avx512: copies")
        func copies() { compareCopies(MIX_ISA_AVX512) }
    }

    @Suite(
        "neon answers as generic does", .serialized,
        .enabled(if: canRun(MIX_ISA_NEON), "skipped neon: this processor lacks it"))
    struct NEON {
        @Test("neon: every shape of reduction")
        func shapes() { ReductionComparison.everyShape(MIX_ISA_NEON) }

        @Test("neon: special values")
        func special() { ReductionComparison.specialValues(MIX_ISA_NEON) }

        @Test("neon: conversions")
        func conversions() { KernelTests.convert(MIX_ISA_NEON) }

        @Test("neon: copies")
        func copies() { compareCopies(MIX_ISA_NEON) }
    }

    private static func convert(_ isa: mix_isa) {
        float16Conversion.compare(isa)
        bfloat16Conversion.compare(isa)
        e4m3Conversion.compare(isa)
    }
}
