// Products of bfloat16, and of e4m3 as bfloat16; the including file sets the target.
#include "avx512_body.h"

MIX_INLINE __m512i load_packed_bf16(const void *packed, size_t j) {
    return _mm512_loadu_si512((const uint16_t *)packed + 32 * j);
}

/// m rows, a whole panel: with 6 rows, 24 of the 32 registers are sums. vdpbf16ps adds the products of a pair to a float32.
#define TILE_OF_BF16(NAME, LOAD, PAIR_BYTES)                                                                           \
    MIX_INLINE void NAME(                                                                                              \
        size_t m, const void *weights, const uint16_t *x, size_t stride, size_t pairs, const float *scales,            \
        float *sums, int first, mix_ahead ahead) {                                                                     \
        const uint8_t *packed = weights;                                                                               \
        __m512 a[MIX_TILE_ROWS][4];                                                                                    \
        FOR_EACH(m, i) FOR_EACH(4, j) a[i][j] = _mm512_setzero_ps();                                                   \
        for (size_t pair = 0; pair < pairs; pair++, packed += PAIR_BYTES) {                                            \
            fetch(&ahead);                                                                                             \
            __m512i w[4];                                                                                              \
            FOR_EACH(4, j) w[j] = LOAD(packed, j);                                                                     \
            FOR_EACH(m, i) {                                                                                           \
                int both;                                                                                              \
                memcpy(&both, x + i * stride + 2 * pair, sizeof both);                                                 \
                __m512bh value = (__m512bh)_mm512_set1_epi32(both);                                                    \
                FOR_EACH(4, j) a[i][j] = _mm512_dpbf16_ps(a[i][j], value, (__m512bh)w[j]);                             \
            }                                                                                                          \
        }                                                                                                              \
        FOR_EACH(m, i) FOR_EACH(4, j) add_sums(a[i][j], scales, sums + i * MIX_PANEL + 16 * j, j, first);              \
    }

#define BF16_PARAMETERS                                                                                                \
    const void *weights, const uint16_t *x, size_t stride, size_t rows, size_t pairs, const float *scales,             \
        float *sums, int first, mix_ahead ahead

TILE_OF_BF16(tile_of_bf16, load_packed_bf16, 2 * MIX_PANEL * sizeof(uint16_t))
#define TILE tile_of_bf16
static void tile_bf16(BF16_PARAMETERS) { FOR_ROWS }
#undef TILE

TILE_OF_BF16(tile_of_f8e4m3, load_f8e4m3_as_bf16, 2 * MIX_PANEL)
#define TILE tile_of_f8e4m3
static void few_f8e4m3_as_bf16(BF16_PARAMETERS) { FOR_FEW_ROWS }
#undef TILE

static void widen_f8e4m3_to_bf16(const void *packed, void *widened, size_t pairs) {
    uint16_t *to = widened;
    for (size_t i = 0; i < 4 * pairs; i++, to += 32) { _mm512_storeu_si512(to, load_f8e4m3_as_bf16(packed, i)); }
}
