// AVX2, FMA and F16C.
#include "products_internal.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#include "epilogue_body.h"

/// m rows, 16 outputs at a time: 12 of the 16 registers are sums.
MIX_INLINE void tile(
    size_t m, const float *weights, const float *x, size_t stride, size_t pairs, const float *scales, float *sums,
    int first, mix_ahead ahead) {
    for (size_t lane = 0; lane < MIX_PANEL; lane += 16) {
        __m256 a[6][2];
        for (size_t i = 0; i < m; i++) { a[i][0] = a[i][1] = _mm256_setzero_ps(); }
        const float *w = weights + lane;
        for (size_t k = 0; k < 2 * pairs; k++, w += MIX_PANEL) {
            __m256 w0 = _mm256_loadu_ps(w), w1 = _mm256_loadu_ps(w + 8);
            // A pair's four lines, one with each quarter of the panel.
            size_t line = lane == 0 ? 0 : lane == 16 ? ahead.second : lane == 32 ? ahead.third : ahead.second + ahead.third;
            if (k % 2 == 0) { _mm_prefetch(ahead.at + k / 2 * ahead.step + line, _MM_HINT_T0); }
            for (size_t i = 0; i < m; i++) {
                __m256 value = _mm256_broadcast_ss(x + i * stride + k);
                a[i][0] = _mm256_fmadd_ps(value, w0, a[i][0]);
                a[i][1] = _mm256_fmadd_ps(value, w1, a[i][1]);
            }
        }
        for (size_t i = 0; i < m; i++) {
            for (size_t j = 0; j < 2; j++) {
                float *sum = sums + i * MIX_PANEL + lane + 8 * j;
                __m256 part = a[i][j];
                if (scales != NULL) { part = _mm256_mul_ps(part, _mm256_loadu_ps(scales + lane + 8 * j)); }
                if (!first) { part = _mm256_add_ps(_mm256_loadu_ps(sum), part); }
                _mm256_storeu_ps(sum, part);
            }
        }
    }
}

#define TILE tile
#include "tile_rows.h"

static void tile_f32(
    const void *weights, const float *x, size_t stride, size_t rows, size_t pairs, const float *scales, float *sums,
    int first, mix_ahead ahead) {
    FOR_ROWS
}

static void widen_bf16_to_f32(const void *packed, void *widened, size_t pairs) {
    const __m256i *from = packed;
    float *to = widened;
    __m256i upper = _mm256_set1_epi32((int)0xffff0000);
    for (size_t pair = 0; pair < pairs; pair++, to += 2 * MIX_PANEL) {
        for (size_t j = 0; j < MIX_PANEL / 8; j++) {
            __m256i both = _mm256_loadu_si256(from++);
            _mm256_storeu_ps(to + 8 * j, _mm256_castsi256_ps(_mm256_slli_epi32(both, 16)));
            _mm256_storeu_ps(to + MIX_PANEL + 8 * j, _mm256_castsi256_ps(_mm256_and_si256(both, upper)));
        }
    }
}

static void widen_f16_to_f32(const void *packed, void *widened, size_t pairs) {
    const __m256i *from = packed;
    float *to = widened;
    // First inputs of 8 outputs to the lower half, second ones to the upper half.
    __m256i apart = _mm256_setr_epi8(
        0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, 0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
    for (size_t pair = 0; pair < pairs; pair++, to += 2 * MIX_PANEL) {
        for (size_t j = 0; j < MIX_PANEL / 8; j++) {
            __m256i both = _mm256_permute4x64_epi64(_mm256_shuffle_epi8(_mm256_loadu_si256(from++), apart), 0xd8);
            _mm256_storeu_ps(to + 8 * j, _mm256_cvtph_ps(_mm256_castsi256_si128(both)));
            _mm256_storeu_ps(to + MIX_PANEL + 8 * j, _mm256_cvtph_ps(_mm256_extracti128_si256(both, 1)));
        }
    }
}

/// Of e4m3 in the low byte of each lane; what is above is ignored.
MIX_INLINE __m256 f8e4m3_to_f32(__m256i bits) {
    __m256i magnitude = _mm256_and_si256(bits, _mm256_set1_epi32(0x7f));
    __m256i mantissa = _mm256_slli_epi32(magnitude, 20);
    __m256 normal = _mm256_castsi256_ps(_mm256_add_epi32(mantissa, _mm256_set1_epi32(120 << 23)));
    // A subnormal is m/8 · 2⁻⁶: (1 + m/8) · 2⁻⁶ − 2⁻⁶, which is exact.
    __m256 subnormal = _mm256_sub_ps(
        _mm256_castsi256_ps(_mm256_add_epi32(mantissa, _mm256_set1_epi32(121 << 23))), _mm256_set1_ps(0x1p-6f));
    __m256i is_subnormal = _mm256_cmpgt_epi32(_mm256_set1_epi32(8), magnitude);
    __m256i is_nan = _mm256_cmpeq_epi32(magnitude, _mm256_set1_epi32(0x7f));
    __m256 value = _mm256_blendv_ps(normal, subnormal, _mm256_castsi256_ps(is_subnormal));
    value = _mm256_or_ps(value, _mm256_castsi256_ps(is_nan));
    __m256i sign = _mm256_slli_epi32(_mm256_and_si256(bits, _mm256_set1_epi32(0x80)), 24);
    return _mm256_or_ps(value, _mm256_castsi256_ps(sign));
}

static void widen_f8e4m3_to_f32(const void *packed, void *widened, size_t pairs) {
    const uint8_t *from = packed;
    float *to = widened;
    for (size_t pair = 0; pair < pairs; pair++, to += 2 * MIX_PANEL) {
        for (size_t j = 0; j < MIX_PANEL / 8; j++, from += 16) {
            __m256i both = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)from));
            _mm256_storeu_ps(to + 8 * j, f8e4m3_to_f32(both));
            _mm256_storeu_ps(to + MIX_PANEL + 8 * j, f8e4m3_to_f32(_mm256_srli_epi32(both, 8)));
        }
    }
}

const mix_products mix_products_avx2 = {
    .isa = MIX_PRODUCTS_AVX2,
    .tile_f32 = tile_f32,
    .widen_f16_to_f32 = widen_f16_to_f32,
    .widen_bf16_to_f32 = widen_bf16_to_f32,
    .widen_f8e4m3_to_f32 = widen_f8e4m3_to_f32,
    .activate = activate,
    .store_sums = store_sums,
};

#pragma clang attribute pop

#endif
