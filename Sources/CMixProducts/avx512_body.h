// What the tables with AVX-512 have in common; the including file sets the target.
#include "epilogue_body.h"

/// sums[i][16 j …] gets scales · a, or has it added.
MIX_INLINE void add_sums(__m512 a, const float *scales, float *sum, size_t j, int first) {
    if (scales != NULL) { a = _mm512_mul_ps(a, _mm512_loadu_ps(scales + 16 * j)); }
    if (!first) { a = _mm512_add_ps(_mm512_loadu_ps(sum), a); }
    _mm512_storeu_ps(sum, a);
}

/// m rows, a whole panel: 24 of the 32 registers are sums.
MIX_INLINE void tile_of_f32(
    size_t m, const float *weights, const float *x, size_t stride, size_t pairs, const float *scales, float *sums,
    int first, const uint8_t *next) {
    __m512 a[6][4];
#pragma clang loop unroll(full)
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < 4; j++) { a[i][j] = _mm512_setzero_ps(); }
    }
    for (size_t k = 0; k < 2 * pairs; k++, weights += MIX_PANEL) {
        __m512 w[4];
#pragma clang loop unroll(full)
        for (size_t j = 0; j < 4; j++) {
            w[j] = _mm512_loadu_ps(weights + 16 * j);
            if (next != NULL) { _mm_prefetch((const char *)next + 256 * k + 64 * j, _MM_HINT_T0); }
        }
#pragma clang loop unroll(full)
        for (size_t i = 0; i < m; i++) {
            __m512 value = _mm512_set1_ps(x[i * stride + k]);
#pragma clang loop unroll(full)
            for (size_t j = 0; j < 4; j++) { a[i][j] = _mm512_fmadd_ps(value, w[j], a[i][j]); }
        }
    }
#pragma clang loop unroll(full)
    for (size_t i = 0; i < m; i++) {
#pragma clang loop unroll(full)
        for (size_t j = 0; j < 4; j++) { add_sums(a[i][j], scales, sums + i * MIX_PANEL + 16 * j, j, first); }
    }
}

#define TILE tile_of_f32
#define MOST_ROWS 6
#include "tile_rows.h"

static void tile_f32(
    const float *weights, const float *x, size_t stride, size_t rows, size_t pairs, const float *scales, float *sums,
    int first, const uint8_t *next) {
    FOR_ROWS
}
#undef TILE

static void widen_bf16_to_f32(const void *packed, void *widened, size_t pairs) {
    const uint16_t *from = packed;
    float *to = widened;
    __m512i upper = _mm512_set1_epi32((int)0xffff0000);
    for (size_t pair = 0; pair < pairs; pair++, to += 2 * MIX_PANEL) {
        for (size_t j = 0; j < 4; j++, from += 32) {
            __m512i both = _mm512_loadu_si512(from);
            _mm512_storeu_si512(to + 16 * j, _mm512_slli_epi32(both, 16));
            _mm512_storeu_si512(to + MIX_PANEL + 16 * j, _mm512_and_si512(both, upper));
        }
    }
}

static void widen_f16_to_f32(const void *packed, void *widened, size_t pairs) {
    const uint16_t *from = packed;
    float *to = widened;
    for (size_t pair = 0; pair < pairs; pair++, to += 2 * MIX_PANEL) {
        for (size_t j = 0; j < 4; j++, from += 32) {
            __m512i both = _mm512_loadu_si512(from);
            _mm512_storeu_ps(to + 16 * j, _mm512_cvtph_ps(_mm512_cvtepi32_epi16(both)));
            _mm512_storeu_ps(
                to + MIX_PANEL + 16 * j, _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(both, 16))));
        }
    }
}

/// Of e4m3 in the low byte of each lane; what is above is ignored.
MIX_INLINE __m512 f8e4m3_to_f32(__m512i bits) {
    __m512i magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(0x7f));
    __m512i mantissa = _mm512_slli_epi32(magnitude, 20);
    __m512 value = _mm512_castsi512_ps(_mm512_add_epi32(mantissa, _mm512_set1_epi32(120 << 23)));
    // A subnormal is m/8 · 2⁻⁶: (1 + m/8) · 2⁻⁶ − 2⁻⁶, which is exact.
    value = _mm512_mask_sub_ps(
        value, _mm512_cmplt_epu32_mask(magnitude, _mm512_set1_epi32(8)),
        _mm512_castsi512_ps(_mm512_add_epi32(mantissa, _mm512_set1_epi32(121 << 23))), _mm512_set1_ps(0x1p-6f));
    value = _mm512_mask_mov_ps(
        value, _mm512_cmpeq_epi32_mask(magnitude, _mm512_set1_epi32(0x7f)),
        _mm512_castsi512_ps(_mm512_set1_epi32(0x7fc00000)));
    __m512i sign = _mm512_slli_epi32(_mm512_and_si512(bits, _mm512_set1_epi32(0x80)), 24);
    return _mm512_or_ps(value, _mm512_castsi512_ps(sign));
}

static void widen_f8e4m3_to_f32(const void *packed, void *widened, size_t pairs) {
    const uint8_t *from = packed;
    float *to = widened;
    for (size_t pair = 0; pair < pairs; pair++, to += 2 * MIX_PANEL) {
        for (size_t j = 0; j < 4; j++, from += 32) {
            __m512i both = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)from));
            _mm512_storeu_ps(to + 16 * j, f8e4m3_to_f32(both));
            _mm512_storeu_ps(to + MIX_PANEL + 16 * j, f8e4m3_to_f32(_mm512_srli_epi32(both, 8)));
        }
    }
}
