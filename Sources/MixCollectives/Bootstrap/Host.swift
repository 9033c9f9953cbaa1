internal import CMixKernels
internal import CMixSystem

/// The machine that this process runs on.
public enum Host {
    /// Its host name.
    public static let name: String = {
        var bytes = [CChar](repeating: 0, count: 256)
        guard mix_host_name(&bytes, bytes.count) == 0 else { return "localhost" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()

    /// Processors that this process may run on.
    public static var processorCount: Int { Int(mix_processor_count()) }

    /// The instruction set that reductions and conversions use: the best that the processor has, or what
    /// `MIX_ISA` (`generic`, `avx2`, `avx512`, `neon`) asks for.
    public static var instructionSet: String {
        switch mix_isa_current() {
        case MIX_ISA_AVX2: "avx2"
        case MIX_ISA_AVX512: "avx512"
        case MIX_ISA_NEON: "neon"
        default: "generic"
        }
    }
}
