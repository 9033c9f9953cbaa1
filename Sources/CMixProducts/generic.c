// Plain C: the oracle, and what runs where no other file does.
#include "products_internal.h"

#include "epilogue_body.h"

static void add_sums(const float *part, const float *scales, float *sums, int first) {
    for (size_t lane = 0; lane < MIX_PANEL; lane++) {
        float sum = scales == NULL ? part[lane] : part[lane] * scales[lane];
        sums[lane] = first ? sum : sums[lane] + sum;
    }
}

static void tile_f32(
    const void *packed, const float *x, size_t stride, size_t rows, size_t pairs, const float *scales, float *sums,
    int first, mix_ahead ahead) {
    const float *weights = packed;
    (void)ahead;
    for (size_t row = 0; row < rows; row++) {
        float part[MIX_PANEL] = {0};
        for (size_t k = 0; k < 2 * pairs; k++) {
            float value = x[row * stride + k];
            for (size_t lane = 0; lane < MIX_PANEL; lane++) { part[lane] += value * weights[k * MIX_PANEL + lane]; }
        }
        add_sums(part, scales, sums + row * MIX_PANEL, first);
    }
}

static void tile_bf16(
    const void *packed, const uint16_t *x, size_t stride, size_t rows, size_t pairs, const float *scales, float *sums,
    int first, mix_ahead ahead) {
    const uint16_t *weights = packed;
    (void)ahead;
    for (size_t row = 0; row < rows; row++) {
        float part[MIX_PANEL] = {0};
        for (size_t k = 0; k < 2 * pairs; k++) {
            float value = mix_bf16_to_f32(x[row * stride + k]);
            const uint16_t *pair = weights + k / 2 * (2 * MIX_PANEL) + k % 2;
            for (size_t lane = 0; lane < MIX_PANEL; lane++) { part[lane] += value * mix_bf16_to_f32(pair[2 * lane]); }
        }
        add_sums(part, scales, sums + row * MIX_PANEL, first);
    }
}

static float f8e4m3_to_f32(uint8_t bits) {
    uint32_t sign = (uint32_t)(bits & 0x80) << 24, magnitude = bits & 0x7f;
    if (magnitude == 0x7f) { return mix_float_of_bits(sign | 0x7fc00000); }
    if (magnitude >= 8) { return mix_float_of_bits(sign | ((magnitude << 20) + (120u << 23))); }
    float value = (float)magnitude * 0x1p-9f;
    return sign ? -value : value;
}

#define WIDEN_TO_F32(NAME, TYPE, CONVERT)                                                                              \
    static void NAME(const void *packed, void *widened, size_t pairs) {                                                \
        const TYPE *from = packed;                                                                                     \
        float *to = widened;                                                                                           \
        for (size_t pair = 0; pair < pairs; pair++, from += 2 * MIX_PANEL, to += 2 * MIX_PANEL) {                      \
            for (size_t lane = 0; lane < MIX_PANEL; lane++) {                                                          \
                to[lane] = CONVERT(from[2 * lane]);                                                                    \
                to[MIX_PANEL + lane] = CONVERT(from[2 * lane + 1]);                                                    \
            }                                                                                                          \
        }                                                                                                              \
    }
WIDEN_TO_F32(widen_f16_to_f32, uint16_t, mix_f16_to_f32)
WIDEN_TO_F32(widen_bf16_to_f32, uint16_t, mix_bf16_to_f32)
WIDEN_TO_F32(widen_f8e4m3_to_f32, uint8_t, f8e4m3_to_f32)

static void widen_f8e4m3_to_bf16(const void *packed, void *widened, size_t pairs) {
    const uint8_t *from = packed;
    uint16_t *to = widened;
    for (size_t i = 0; i < pairs * 2 * MIX_PANEL; i++) { to[i] = (uint16_t)(mix_bits_of_float(f8e4m3_to_f32(from[i])) >> 16); }
}

const mix_products mix_products_generic = {
    .isa = MIX_PRODUCTS_GENERIC,
    .tile_f32 = tile_f32,
    .tile_bf16 = tile_bf16,
    .widen_f16_to_f32 = widen_f16_to_f32,
    .widen_bf16_to_f32 = widen_bf16_to_f32,
    .widen_f8e4m3_to_f32 = widen_f8e4m3_to_f32,
    .widen_f8e4m3_to_bf16 = widen_f8e4m3_to_bf16,
    .activate = activate,
    .store_sums = store_sums,
};
