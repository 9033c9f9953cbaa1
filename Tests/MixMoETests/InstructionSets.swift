import CMixProducts

/// The instruction sets that this processor has.
let availableInstructionSets: [mix_products_isa] = {
    let current = mix_products_isa_current()
    defer { _ = mix_products_isa_select(current) }
    let all = [
        MIX_PRODUCTS_GENERIC, MIX_PRODUCTS_AVX2, MIX_PRODUCTS_AVX512, MIX_PRODUCTS_AVX512_BF16, MIX_PRODUCTS_AMX,
    ]
    return all.filter { mix_products_isa_select($0) != 0 }
}()

/// Runs `body` once with each instruction set, then puts the one before back.
func withEachInstructionSet(_ body: (String) throws -> Void) rethrows {
    let current = mix_products_isa_current()
    defer { _ = mix_products_isa_select(current) }
    for isa in availableInstructionSets {
        _ = mix_products_isa_select(isa)
        try body(String(cString: mix_products_isa_name(isa)))
    }
}
