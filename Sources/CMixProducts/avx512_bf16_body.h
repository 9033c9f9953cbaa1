// Products of bfloat16, and e4m3 as bfloat16; the including file sets the target.
#include "avx512_body.h"

/// m rows, a whole panel: 24 of the 32 registers are sums. vdpbf16ps adds the products of a pair to a float32.
MIX_INLINE void tile_of_bf16(
    size_t m, const uint16_t *weights, const uint16_t *x, size_t stride, size_t pairs, const float *scales, float *sums,
    int first, const uint8_t *next) {
    __m512 a[6][4];
#pragma clang loop unroll(full)
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < 4; j++) { a[i][j] = _mm512_setzero_ps(); }
    }
    for (size_t pair = 0; pair < pairs; pair++, weights += 2 * MIX_PANEL) {
        __m512i w[4];
#pragma clang loop unroll(full)
        for (size_t j = 0; j < 4; j++) {
            w[j] = _mm512_loadu_si512(weights + 32 * j);
            if (next != NULL) { _mm_prefetch((const char *)next + 256 * pair + 64 * j, _MM_HINT_T0); }
        }
#pragma clang loop unroll(full)
        for (size_t i = 0; i < m; i++) {
            int both;
            memcpy(&both, x + i * stride + 2 * pair, sizeof both);
            __m512i value = _mm512_set1_epi32(both);
#pragma clang loop unroll(full)
            for (size_t j = 0; j < 4; j++) { a[i][j] = _mm512_dpbf16_ps(a[i][j], (__m512bh)value, (__m512bh)w[j]); }
        }
    }
#pragma clang loop unroll(full)
    for (size_t i = 0; i < m; i++) {
#pragma clang loop unroll(full)
        for (size_t j = 0; j < 4; j++) { add_sums(a[i][j], scales, sums + i * MIX_PANEL + 16 * j, j, first); }
    }
}

#define TILE tile_of_bf16
static void tile_bf16(
    const uint16_t *weights, const uint16_t *x, size_t stride, size_t rows, size_t pairs, const float *scales,
    float *sums, int first, const uint8_t *next) {
    FOR_ROWS
}
#undef TILE

/// 32 values of e4m3, each in the low byte of a lane of 16 bits.
MIX_INLINE __m512i f8e4m3_to_bf16(__m512i bits) {
    __m512i magnitude = _mm512_and_si512(bits, _mm512_set1_epi16(0x7f));
    __m512i value = _mm512_add_epi16(_mm512_slli_epi16(magnitude, 4), _mm512_set1_epi16(120 << 7));
    // m · 2⁻⁹ for m of 0 to 7, in bfloat16.
    const __m512i subnormals = _mm512_castsi128_si512(
        _mm_setr_epi16(0, 0x3b00, 0x3b80, 0x3bc0, 0x3c00, 0x3c20, 0x3c40, 0x3c60));
    value = _mm512_mask_permutexvar_epi16(
        value, _mm512_cmplt_epu16_mask(magnitude, _mm512_set1_epi16(8)), magnitude, subnormals);
    value = _mm512_mask_mov_epi16(
        value, _mm512_cmpeq_epi16_mask(magnitude, _mm512_set1_epi16(0x7f)), _mm512_set1_epi16(0x7fc0));
    // value | (bits << 8 & 0x8000)
    return _mm512_ternarylogic_epi32(value, _mm512_slli_epi16(bits, 8), _mm512_set1_epi16((short)0x8000), 0xf8);
}

static void widen_f8e4m3_to_bf16(const void *packed, void *widened, size_t pairs) {
    const uint8_t *from = packed;
    uint16_t *to = widened;
    for (size_t i = 0; i < 4 * pairs; i++, from += 32, to += 32) {
        __m512i bits = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(const void *)from));
        _mm512_storeu_si512(to, f8e4m3_to_bf16(bits));
    }
}
