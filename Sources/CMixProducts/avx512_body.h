// What the tables with AVX-512 have in common; the including file sets the target.
#include "epilogue_body.h"

/// A sum of lanes 16 j … gets scales · a, or has it added.
MIX_INLINE void add_sums(__m512 a, const float *scales, float *sum, size_t j, int first) {
    if (scales != NULL) { a = _mm512_mul_ps(a, _mm512_loadu_ps(scales + 16 * j)); }
    if (!first) { a = _mm512_add_ps(_mm512_loadu_ps(sum), a); }
    _mm512_storeu_ps(sum, a);
}

MIX_INLINE void fetch(mix_ahead *ahead) {
    _mm_prefetch(ahead->at, _MM_HINT_T0);
    _mm_prefetch(ahead->at + ahead->second, _MM_HINT_T0);
    _mm_prefetch(ahead->at + ahead->third, _MM_HINT_T0);
    _mm_prefetch(ahead->at + ahead->second + ahead->third, _MM_HINT_T0);
    ahead->at += ahead->step;
}

/// 32 values of e4m3, each in the low byte of a lane of 16 bits, as bfloat16.
MIX_INLINE __m512i f8e4m3_to_bf16(__m512i bits) {
    __m512i magnitude = _mm512_and_si512(bits, _mm512_set1_epi16(0x7f));
    __m512i value = _mm512_add_epi16(_mm512_slli_epi16(magnitude, 4), _mm512_set1_epi16(120 << 7));
    // m · 2⁻⁹ for m of 0 to 7.
    const __m512i subnormals = _mm512_castsi128_si512(
        _mm_setr_epi16(0, 0x3b00, 0x3b80, 0x3bc0, 0x3c00, 0x3c20, 0x3c40, 0x3c60));
    value = _mm512_mask_permutexvar_epi16(
        value, _mm512_cmplt_epu16_mask(magnitude, _mm512_set1_epi16(8)), magnitude, subnormals);
    value = _mm512_mask_mov_epi16(
        value, _mm512_cmpeq_epi16_mask(magnitude, _mm512_set1_epi16(0x7f)), _mm512_set1_epi16(0x7fc0));
    // value | (bits << 8 & 0x8000)
    return _mm512_ternarylogic_epi32(value, _mm512_slli_epi16(bits, 8), _mm512_set1_epi16((short)0x8000), 0xf8);
}

// Weights of a pair of inputs and 16 outputs: first[] has the first input's in float32, second[] the other's.

MIX_INLINE void load_f32(const void *packed, size_t j, __m512 *first, __m512 *second) {
    *first = _mm512_loadu_ps((const float *)packed + 16 * j);
    *second = _mm512_loadu_ps((const float *)packed + MIX_PANEL + 16 * j);
}

MIX_INLINE void load_f16(const void *packed, size_t j, __m512 *first, __m512 *second) {
    __m512i both = _mm512_loadu_si512((const uint16_t *)packed + 32 * j);
    *first = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(both));
    *second = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(both, 16)));
}

MIX_INLINE void split_bf16(__m512i both, __m512 *first, __m512 *second) {
    *first = _mm512_castsi512_ps(_mm512_slli_epi32(both, 16));
    *second = _mm512_castsi512_ps(_mm512_and_si512(both, _mm512_set1_epi32((int)0xffff0000)));
}

MIX_INLINE void load_bf16(const void *packed, size_t j, __m512 *first, __m512 *second) {
    split_bf16(_mm512_loadu_si512((const uint16_t *)packed + 32 * j), first, second);
}

MIX_INLINE __m512i load_f8e4m3_as_bf16(const void *packed, size_t j) {
    return f8e4m3_to_bf16(_mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)packed + j)));
}

MIX_INLINE void load_f8e4m3(const void *packed, size_t j, __m512 *first, __m512 *second) {
    split_bf16(load_f8e4m3_as_bf16(packed, j), first, second);
}

/// m rows, a whole panel: with 6 rows, 24 of the 32 registers are sums.
#define TILE_OF_F32(NAME, LOAD, PAIR_BYTES)                                                                            \
    MIX_INLINE void NAME(                                                                                              \
        size_t m, const void *weights, const float *x, size_t stride, size_t pairs, const float *scales, float *sums,  \
        int first, mix_ahead ahead) {                                                                                  \
        const uint8_t *packed = weights;                                                                               \
        __m512 a[MIX_TILE_ROWS][4];                                                                                    \
        FOR_EACH(m, i) FOR_EACH(4, j) a[i][j] = _mm512_setzero_ps();                                                   \
        for (size_t pair = 0; pair < pairs; pair++, packed += PAIR_BYTES) {                                            \
            fetch(&ahead);                                                                                             \
            __m512 w[2][4];                                                                                            \
            FOR_EACH(4, j) LOAD(packed, j, &w[0][j], &w[1][j]);                                                        \
            FOR_EACH(2, k) FOR_EACH(m, i) {                                                                            \
                __m512 value = _mm512_set1_ps(x[i * stride + 2 * pair + k]);                                           \
                FOR_EACH(4, j) a[i][j] = _mm512_fmadd_ps(value, w[k][j], a[i][j]);                                     \
            }                                                                                                          \
        }                                                                                                              \
        FOR_EACH(m, i) FOR_EACH(4, j) add_sums(a[i][j], scales, sums + i * MIX_PANEL + 16 * j, j, first);              \
    }
#define FOR_EACH(N, I) _Pragma("clang loop unroll(full)") for (size_t I = 0; I < (N); I++)

#include "tile_rows.h"

#define F32_PARAMETERS                                                                                                 \
    const void *weights, const float *x, size_t stride, size_t rows, size_t pairs, const float *scales, float *sums,   \
        int first, mix_ahead ahead

TILE_OF_F32(tile_of_f32, load_f32, 2 * MIX_PANEL * sizeof(float))
#define TILE tile_of_f32
static void tile_f32(F32_PARAMETERS) { FOR_ROWS }
#undef TILE

TILE_OF_F32(tile_of_f16, load_f16, 2 * MIX_PANEL * sizeof(uint16_t))
#define TILE tile_of_f16
static void few_f16_as_f32(F32_PARAMETERS) { FOR_FEW_ROWS }
#undef TILE

TILE_OF_F32(tile_of_wide_bf16, load_bf16, 2 * MIX_PANEL * sizeof(uint16_t))
#define TILE tile_of_wide_bf16
static void few_bf16_as_f32(F32_PARAMETERS) { FOR_FEW_ROWS }
#undef TILE

TILE_OF_F32(tile_of_wide_f8e4m3, load_f8e4m3, 2 * MIX_PANEL)
#define TILE tile_of_wide_f8e4m3
static void few_f8e4m3_as_f32(F32_PARAMETERS) { FOR_FEW_ROWS }
#undef TILE

#define WIDEN_TO_F32(NAME, LOAD, PAIR_BYTES)                                                                           \
    static void NAME(const void *packed, void *widened, size_t pairs) {                                                \
        float *to = widened;                                                                                           \
        for (size_t pair = 0; pair < pairs; pair++, to += 2 * MIX_PANEL) {                                             \
            FOR_EACH(4, j) {                                                                                           \
                __m512 first, second;                                                                                  \
                LOAD((const uint8_t *)packed + pair * PAIR_BYTES, j, &first, &second);                                 \
                _mm512_storeu_ps(to + 16 * j, first);                                                                  \
                _mm512_storeu_ps(to + MIX_PANEL + 16 * j, second);                                                     \
            }                                                                                                          \
        }                                                                                                              \
    }
WIDEN_TO_F32(widen_f16_to_f32, load_f16, 2 * MIX_PANEL * sizeof(uint16_t))
WIDEN_TO_F32(widen_bf16_to_f32, load_bf16, 2 * MIX_PANEL * sizeof(uint16_t))
WIDEN_TO_F32(widen_f8e4m3_to_f32, load_f8e4m3, 2 * MIX_PANEL)
