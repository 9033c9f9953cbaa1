// AVX2 and F16C: 32-byte vectors.
#include "kernels_internal.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,f16c"))), apply_to = function)

typedef __m256i vector;
#define VECTOR_BYTES ((size_t)32)
#define LANES 8
#define HAS_STREAMING 1

MIX_INLINE vector vector_load(const void *address) {
    return _mm256_loadu_si256((const __m256i *)address);
}
MIX_INLINE void vector_store(void *address, vector a) {
    _mm256_storeu_si256((__m256i *)address, a);
}
MIX_INLINE void vector_stream(void *address, vector a) {
    _mm256_stream_si256((__m256i *)address, a);
}
MIX_INLINE void vector_fence(void) { _mm_sfence(); }

/// All bits of the first `words` 32-bit lanes.
MIX_INLINE __m256i first_words(size_t words) {
    return _mm256_cmpgt_epi32(
        _mm256_set1_epi32((int)words), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

// There are masks for 32-bit lanes only.
MIX_INLINE vector vector_load_part(const void *address, size_t bytes) {
    if (bytes % 4 == 0) { return _mm256_maskload_epi32(address, first_words(bytes / 4)); }
    vector a = _mm256_setzero_si256();
    mix_copy_part((uint8_t *)&a, address, bytes);
    return a;
}
MIX_INLINE void vector_store_part(void *address, vector a, size_t bytes) {
    if (bytes % 4 == 0) {
        _mm256_maskstore_epi32(address, first_words(bytes / 4), a);
    } else {
        mix_copy_part(address, (const uint8_t *)&a, bytes);
    }
}

// MARK: - float32

typedef __m256 f32_accumulator;
MIX_INLINE __m256 f32_widen(vector a) { return _mm256_castsi256_ps(a); }
MIX_INLINE vector f32_narrow(__m256 a) { return _mm256_castps_si256(a); }
MIX_INLINE __m256 f32_add(__m256 a, __m256 b) { return _mm256_add_ps(a, b); }
MIX_INLINE __m256 f32_multiply(__m256 a, __m256 b) { return _mm256_mul_ps(a, b); }
MIX_INLINE __m256 f32_divide(__m256 a, uint32_t divisor) {
    return _mm256_div_ps(a, _mm256_set1_ps((float)divisor));
}
// The instruction answers its second operand for zeros of both signs and for NaN. Asked both ways round,
// the two answers differ in these cases alone: or-ing them keeps -0 and NaN, and-ing keeps +0.
MIX_INLINE __m256 f32_minimum(__m256 a, __m256 b) {
    return _mm256_or_ps(_mm256_min_ps(a, b), _mm256_min_ps(b, a));
}
MIX_INLINE __m256 f32_maximum(__m256 a, __m256 b) {
    __m256 larger = _mm256_and_ps(_mm256_max_ps(a, b), _mm256_max_ps(b, a));
    return _mm256_or_ps(larger, _mm256_cmp_ps(a, b, _CMP_UNORD_Q));
}

// MARK: - float64

typedef __m256d f64_accumulator;
MIX_INLINE __m256d f64_widen(vector a) { return _mm256_castsi256_pd(a); }
MIX_INLINE vector f64_narrow(__m256d a) { return _mm256_castpd_si256(a); }
MIX_INLINE __m256d f64_add(__m256d a, __m256d b) { return _mm256_add_pd(a, b); }
MIX_INLINE __m256d f64_multiply(__m256d a, __m256d b) { return _mm256_mul_pd(a, b); }
MIX_INLINE __m256d f64_divide(__m256d a, uint32_t divisor) {
    return _mm256_div_pd(a, _mm256_set1_pd((double)divisor));
}
MIX_INLINE __m256d f64_minimum(__m256d a, __m256d b) {
    return _mm256_or_pd(_mm256_min_pd(a, b), _mm256_min_pd(b, a));
}
MIX_INLINE __m256d f64_maximum(__m256d a, __m256d b) {
    __m256d larger = _mm256_and_pd(_mm256_max_pd(a, b), _mm256_max_pd(b, a));
    return _mm256_or_pd(larger, _mm256_cmp_pd(a, b, _CMP_UNORD_Q));
}

// MARK: - 16-bit floats: two vectors of float32

typedef __m256 floats;
#include "float_pair_body.h"

MIX_INLINE __m128i f16_round(__m256 a) {
    return _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
MIX_INLINE float_pair f16_widen(vector a) {
    return (float_pair){
        _mm256_cvtph_ps(_mm256_castsi256_si128(a)), _mm256_cvtph_ps(_mm256_extracti128_si256(a, 1))};
}
MIX_INLINE vector f16_narrow(float_pair x) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(f16_round(x.a)), f16_round(x.b), 1);
}

/// Rounded bits in the upper half of every lane; the lower half is left over.
MIX_INLINE __m256i bf16_round(__m256 a) {
    __m256i bits = _mm256_castps_si256(a);
    __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    __m256i half = _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff));
    __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x00400000));
    __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(a, a, _CMP_UNORD_Q));
    return _mm256_blendv_epi8(_mm256_add_epi32(bits, half), quiet, nan);
}
// Even elements in one vector, odd ones in the other: no element has to cross lanes.
MIX_INLINE float_pair bf16_widen(vector a) {
    __m256i upper = _mm256_and_si256(a, _mm256_set1_epi32((int)0xffff0000));
    return (float_pair){_mm256_castsi256_ps(_mm256_slli_epi32(a, 16)), _mm256_castsi256_ps(upper)};
}
MIX_INLINE vector bf16_narrow(float_pair x) {
    __m256i even = _mm256_srli_epi32(bf16_round(x.a), 16);
    return _mm256_blend_epi16(even, bf16_round(x.b), 0xaa);
}

// MARK: - Integers

MIX_INLINE vector same(vector a) { return a; }

typedef vector i8_accumulator;
#define i8_widen same
#define i8_narrow same
MIX_INLINE vector i8_add(vector a, vector b) { return _mm256_add_epi8(a, b); }
MIX_INLINE vector i8_minimum(vector a, vector b) { return _mm256_min_epi8(a, b); }
MIX_INLINE vector i8_maximum(vector a, vector b) { return _mm256_max_epi8(a, b); }
MIX_INLINE vector i8_multiply(vector a, vector b) {
    vector even = _mm256_mullo_epi16(a, b);
    vector odd = _mm256_mullo_epi16(_mm256_srli_epi16(a, 8), _mm256_srli_epi16(b, 8));
    return _mm256_blendv_epi8(
        even, _mm256_slli_epi16(odd, 8), _mm256_set1_epi16((short)0xff00));
}

typedef vector u8_accumulator;
#define u8_widen same
#define u8_narrow same
#define u8_add i8_add
#define u8_multiply i8_multiply
MIX_INLINE vector u8_minimum(vector a, vector b) { return _mm256_min_epu8(a, b); }
MIX_INLINE vector u8_maximum(vector a, vector b) { return _mm256_max_epu8(a, b); }

typedef vector i32_accumulator;
#define i32_widen same
#define i32_narrow same
MIX_INLINE vector i32_add(vector a, vector b) { return _mm256_add_epi32(a, b); }
MIX_INLINE vector i32_multiply(vector a, vector b) { return _mm256_mullo_epi32(a, b); }
MIX_INLINE vector i32_minimum(vector a, vector b) { return _mm256_min_epi32(a, b); }
MIX_INLINE vector i32_maximum(vector a, vector b) { return _mm256_max_epi32(a, b); }

typedef vector i64_accumulator;
#define i64_widen same
#define i64_narrow same
MIX_INLINE vector i64_add(vector a, vector b) { return _mm256_add_epi64(a, b); }
MIX_INLINE vector i64_multiply(vector a, vector b) {
    vector cross = _mm256_add_epi64(
        _mm256_mul_epu32(_mm256_srli_epi64(a, 32), b), _mm256_mul_epu32(a, _mm256_srli_epi64(b, 32)));
    return _mm256_add_epi64(_mm256_mul_epu32(a, b), _mm256_slli_epi64(cross, 32));
}
MIX_INLINE vector i64_minimum(vector a, vector b) {
    return _mm256_blendv_epi8(a, b, _mm256_cmpgt_epi64(a, b));
}
MIX_INLINE vector i64_maximum(vector a, vector b) {
    return _mm256_blendv_epi8(b, a, _mm256_cmpgt_epi64(a, b));
}

// MARK: - Conversions of LANES elements

/// The lower 16 bits of each lane.
MIX_INLINE __m128i lower_halves(__m256i a) {
    __m256i packed = _mm256_packus_epi32(a, a);
    return _mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, _MM_SHUFFLE(3, 1, 2, 0)));
}

MIX_INLINE void f32_of_bf16(float *to, const uint16_t *from) {
    __m256i bits = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)from));
    _mm256_storeu_si256((__m256i *)to, _mm256_slli_epi32(bits, 16));
}
MIX_INLINE void bf16_of_f32(uint16_t *to, const float *from) {
    __m256i rounded = _mm256_srli_epi32(bf16_round(_mm256_loadu_ps(from)), 16);
    _mm_storeu_si128((__m128i *)to, lower_halves(rounded));
}
MIX_INLINE void f32_of_f16(float *to, const uint16_t *from) {
    _mm256_storeu_ps(to, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)from)));
}
MIX_INLINE void f16_of_f32(uint16_t *to, const float *from) {
    _mm_storeu_si128((__m128i *)to, f16_round(_mm256_loadu_ps(from)));
}

// The bits of an e4m3, moved up, are a float16 whose exponent is too small by 15 - 7.
MIX_INLINE void f32_of_f8e4m3(float *to, const uint8_t *from) {
    __m128i bits = _mm_cvtepu8_epi16(_mm_loadl_epi64((const __m128i *)from));
    __m128i magnitude = _mm_and_si128(bits, _mm_set1_epi16(0x7f));
    __m128i sign = _mm_slli_epi16(_mm_sub_epi16(bits, magnitude), 8);
    __m128i nan = _mm_cmpeq_epi16(magnitude, _mm_set1_epi16(0x7f));
    __m256 small = _mm256_cvtph_ps(_mm_or_si128(_mm_slli_epi16(magnitude, 7), sign));
    __m256 value = _mm256_mul_ps(small, _mm256_set1_ps(256.0f));
    __m256i quiet = _mm256_and_si256(_mm256_cvtepi16_epi32(nan), _mm256_set1_epi32(0x7fc00000));
    _mm256_storeu_ps(to, _mm256_or_ps(value, _mm256_castsi256_ps(quiet)));
}

// Below 2^-6, adding 2^14 leaves the float32 that is rounded to units of 2^-9: its low bits are the e4m3.
MIX_INLINE void f8e4m3_of_f32(uint8_t *to, const float *from) {
    __m256i bits = _mm256_loadu_si256((const __m256i *)from);
    __m256i sign = _mm256_and_si256(_mm256_srli_epi32(bits, 24), _mm256_set1_epi32(0x80));
    bits = _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffffff));
    __m256i nan = _mm256_cmpgt_epi32(bits, _mm256_set1_epi32(0x7f800000));
    __m256 value = _mm256_min_ps(_mm256_castsi256_ps(bits), _mm256_set1_ps(448.0f));
    __m256 denormal = _mm256_cmp_ps(value, _mm256_set1_ps(0x1p-6f), _CMP_LT_OQ);
    __m256i units = _mm256_castps_si256(_mm256_add_ps(value, _mm256_set1_ps(0x1p14f)));
    bits = _mm256_castps_si256(value);
    __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 20), _mm256_set1_epi32(1));
    bits = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7ffff)));
    bits = _mm256_srli_epi32(_mm256_sub_epi32(bits, _mm256_set1_epi32((127 - 7) << 23)), 20);
    bits = _mm256_blendv_epi8(bits, units, _mm256_castps_si256(denormal));
    bits = _mm256_blendv_epi8(bits, _mm256_set1_epi32(0x7f), nan);
    bits = _mm256_and_si256(_mm256_or_si256(bits, sign), _mm256_set1_epi32(0xff));
    __m128i words = lower_halves(bits);
    _mm_storel_epi64((__m128i *)to, _mm_packus_epi16(words, words));
}

#define TABLE mix_kernels_avx2
#define ISA MIX_ISA_AVX2
#include "bodies.h"

#pragma clang attribute pop
#endif
