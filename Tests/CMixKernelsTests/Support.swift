import CMixKernels
import Foundation

/// SplitMix64: the same numbers from the same seed on every platform.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// A new seed for every run, unless `MIX_TEST_SEED` gives one back; printed, to be given back.
let seed: UInt64 = {
    let given = ProcessInfo.processInfo.environment["MIX_TEST_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 0...UInt64.max)
    print("CMixKernelsTests: MIX_TEST_SEED=\(seed)")
    return seed
}()

let vectorSets: [mix_isa] = [MIX_ISA_AVX2, MIX_ISA_AVX512, MIX_ISA_NEON]

private let runnable: Set<UInt32> = {
    let before = mix_isa_current()
    defer { _ = mix_isa_select(before) }
    return Set(vectorSets.map(\.rawValue).filter { mix_isa_select(mix_isa(rawValue: $0)) != 0 })
}()

func canRun(_ isa: mix_isa) -> Bool { isa == MIX_ISA_GENERIC || runnable.contains(isa.rawValue) }

let reducibleTypes: [mix_type] = [
    MIX_TYPE_F32, MIX_TYPE_F64, MIX_TYPE_F16, MIX_TYPE_BF16,
    MIX_TYPE_I8, MIX_TYPE_I32, MIX_TYPE_I64, MIX_TYPE_U8,
]
let floatTypes: [mix_type] = [MIX_TYPE_F32, MIX_TYPE_F64, MIX_TYPE_F16, MIX_TYPE_BF16]
let reductions: [mix_reduction] = [
    MIX_REDUCTION_SUM, MIX_REDUCTION_PRODUCT, MIX_REDUCTION_MIN, MIX_REDUCTION_MAX,
    MIX_REDUCTION_AVERAGE,
]

func name(_ type: mix_type) -> String {
    ["f32", "f64", "f16", "bf16", "i8", "i32", "i64", "u8", "f8e4m3"][Int(type.rawValue)]
}

func name(_ reduction: mix_reduction) -> String {
    ["sum", "product", "min", "max", "average"][Int(reduction.rawValue)]
}

func name(_ isa: mix_isa) -> String { ["generic", "avx2", "avx512", "neon"][Int(isa.rawValue)] }

func isNaN(_ element: UnsafeRawPointer, _ type: mix_type) -> Bool {
    switch type {
    case MIX_TYPE_F32: element.loadUnaligned(as: Float.self).isNaN
    case MIX_TYPE_F64: element.loadUnaligned(as: Double.self).isNaN
    case MIX_TYPE_F16: element.loadUnaligned(as: UInt16.self) & 0x7fff > 0x7c00
    case MIX_TYPE_BF16: element.loadUnaligned(as: UInt16.self) & 0x7fff > 0x7f80
    default: false
    }
}

/// Bits of zeros, infinities, NaN, denormals, the largest and the least numbers, ones and ties, of each
/// sign, in the format of `type`.
func specialBits(_ type: mix_type) -> [UInt64] {
    let positive: [UInt64]
    let sign: UInt64
    switch type {
    case MIX_TYPE_F32:
        sign = 0x8000_0000
        positive = [
            0, 1, 0x7f_ffff, 0x80_0000, 0x7f7f_ffff, 0x7f80_0000, 0x7fc0_0000, 0x7f80_0001,
            0x3f80_0000, 0x3f80_0001, 0x0000_8000, 0x7f00_0000, 0x3300_0000, 0x4b7f_ffff,
        ]
    case MIX_TYPE_F64:
        sign = 1 << 63
        positive = [
            0, 1, 0xf_ffff_ffff_ffff, 0x10_0000_0000_0000, 0x7fef_ffff_ffff_ffff,
            0x7ff0_0000_0000_0000, 0x7ff8_0000_0000_0000, 0x7ff0_0000_0000_0001,
            0x3ff0_0000_0000_0000, 0x3ff0_0000_0000_0001, 0x3ca0_0000_0000_0000,
        ]
    case MIX_TYPE_F16:
        sign = 0x8000
        positive = [
            0, 1, 2, 0x3ff, 0x400, 0x7bff, 0x7c00, 0x7e00, 0x7c01, 0x3c00, 0x3c01, 0x1000, 0x1001,
            0x4c00, 0x7800, 0x0200,
        ]
    default:
        sign = 0x8000
        positive = [
            0, 1, 2, 0x7f, 0x80, 0x7f7f, 0x7f80, 0x7fc0, 0x7f81, 0x3f80, 0x3f81, 0x3b80, 0x3b81,
            0x7f00, 0x0040, 0x0081,
        ]
    }
    return positive + positive.map { $0 | sign }
}

/// Elements of `type` with these bits.
func bytes(of bits: [UInt64], _ type: mix_type) -> [UInt8] {
    let size = mix_type_size(type)
    return bits.flatMap { bits in (0..<size).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) } }
}

/// Runs `body` with the kernels of `isa`, and puts those before back.
func with<Result>(_ isa: mix_isa, _ body: () throws -> Result) rethrows -> Result {
    let before = mix_isa_current()
    precondition(mix_isa_select(isa) != 0, "this processor can't run \(name(isa))")
    defer { _ = mix_isa_select(before) }
    return try body()
}
