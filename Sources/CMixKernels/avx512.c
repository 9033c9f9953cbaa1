// AVX-512 F, BW, DQ and VL: 64-byte vectors, and masks for what does not fill one.
#include "kernels_internal.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)

typedef __m512i vector;
#define VECTOR_BYTES ((size_t)64)
#define LANES 16
#define HAS_STREAMING 1

MIX_INLINE vector vector_load(const void *address) { return _mm512_loadu_si512(address); }
MIX_INLINE void vector_store(void *address, vector a) { _mm512_storeu_si512(address, a); }
MIX_INLINE void vector_stream(void *address, vector a) { _mm512_stream_si512(address, a); }
MIX_INLINE void vector_fence(void) { _mm_sfence(); }

MIX_INLINE __mmask64 first_bytes(size_t bytes) { return ~UINT64_C(0) >> (64 - bytes); }
MIX_INLINE vector vector_load_part(const void *address, size_t bytes) {
    return _mm512_maskz_loadu_epi8(first_bytes(bytes), address);
}
MIX_INLINE void vector_store_part(void *address, vector a, size_t bytes) {
    _mm512_mask_storeu_epi8(address, first_bytes(bytes), a);
}

// MARK: - float32

typedef __m512 f32_accumulator;
MIX_INLINE __m512 f32_widen(vector a) { return _mm512_castsi512_ps(a); }
MIX_INLINE vector f32_narrow(__m512 a) { return _mm512_castps_si512(a); }
MIX_INLINE __m512 f32_add(__m512 a, __m512 b) { return _mm512_add_ps(a, b); }
MIX_INLINE __m512 f32_multiply(__m512 a, __m512 b) { return _mm512_mul_ps(a, b); }
MIX_INLINE __m512 f32_divide(__m512 a, uint32_t divisor) {
    return _mm512_div_ps(a, _mm512_set1_ps((float)divisor));
}
// The instruction answers its second operand for zeros of both signs and for NaN. Asked both ways round,
// the two answers differ in these cases alone: or-ing them keeps -0 and NaN, and-ing keeps +0.
MIX_INLINE __m512 f32_minimum(__m512 a, __m512 b) {
    return _mm512_or_ps(_mm512_min_ps(a, b), _mm512_min_ps(b, a));
}
MIX_INLINE __m512 f32_maximum(__m512 a, __m512 b) {
    __m512 larger = _mm512_and_ps(_mm512_max_ps(a, b), _mm512_max_ps(b, a));
    __mmask16 nan = _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q);
    return _mm512_mask_blend_ps(nan, larger, _mm512_set1_ps(__builtin_nanf("")));
}

// MARK: - float64

typedef __m512d f64_accumulator;
MIX_INLINE __m512d f64_widen(vector a) { return _mm512_castsi512_pd(a); }
MIX_INLINE vector f64_narrow(__m512d a) { return _mm512_castpd_si512(a); }
MIX_INLINE __m512d f64_add(__m512d a, __m512d b) { return _mm512_add_pd(a, b); }
MIX_INLINE __m512d f64_multiply(__m512d a, __m512d b) { return _mm512_mul_pd(a, b); }
MIX_INLINE __m512d f64_divide(__m512d a, uint32_t divisor) {
    return _mm512_div_pd(a, _mm512_set1_pd((double)divisor));
}
MIX_INLINE __m512d f64_minimum(__m512d a, __m512d b) {
    return _mm512_or_pd(_mm512_min_pd(a, b), _mm512_min_pd(b, a));
}
MIX_INLINE __m512d f64_maximum(__m512d a, __m512d b) {
    __m512d larger = _mm512_and_pd(_mm512_max_pd(a, b), _mm512_max_pd(b, a));
    __mmask8 nan = _mm512_cmp_pd_mask(a, b, _CMP_UNORD_Q);
    return _mm512_mask_blend_pd(nan, larger, _mm512_set1_pd(__builtin_nan("")));
}

// MARK: - 16-bit floats: two vectors of float32

typedef __m512 floats;
#include "float_pair_body.h"

MIX_INLINE __m256i f16_round(__m512 a) {
    return _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
MIX_INLINE float_pair f16_widen(vector a) {
    return (float_pair){
        _mm512_cvtph_ps(_mm512_castsi512_si256(a)), _mm512_cvtph_ps(_mm512_extracti64x4_epi64(a, 1))};
}
MIX_INLINE vector f16_narrow(float_pair x) {
    return _mm512_inserti64x4(_mm512_castsi256_si512(f16_round(x.a)), f16_round(x.b), 1);
}

/// Rounded bits in the upper half of every lane; the lower half is left over. The instruction for this
/// (AVX512_BF16) takes denormals for zero, which generic does not.
MIX_INLINE __m512i bf16_round(__m512 a) {
    __m512i bits = _mm512_castps_si512(a);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i half = _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff));
    __mmask16 nan = _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
    __m512i rounded = _mm512_add_epi32(bits, half);
    return _mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(0x00400000));
}
// Even elements in one vector, odd ones in the other: no element has to cross lanes.
MIX_INLINE float_pair bf16_widen(vector a) {
    __m512i upper = _mm512_and_si512(a, _mm512_set1_epi32((int)0xffff0000));
    return (float_pair){_mm512_castsi512_ps(_mm512_slli_epi32(a, 16)), _mm512_castsi512_ps(upper)};
}
MIX_INLINE vector bf16_narrow(float_pair x) {
    __m512i even = _mm512_srli_epi32(bf16_round(x.a), 16);
    return _mm512_mask_blend_epi16(0xaaaaaaaa, even, bf16_round(x.b));
}

// MARK: - Integers

MIX_INLINE vector same(vector a) { return a; }

typedef vector i8_accumulator;
#define i8_widen same
#define i8_narrow same
MIX_INLINE vector i8_add(vector a, vector b) { return _mm512_add_epi8(a, b); }
MIX_INLINE vector i8_minimum(vector a, vector b) { return _mm512_min_epi8(a, b); }
MIX_INLINE vector i8_maximum(vector a, vector b) { return _mm512_max_epi8(a, b); }
MIX_INLINE vector i8_multiply(vector a, vector b) {
    vector even = _mm512_mullo_epi16(a, b);
    vector odd = _mm512_mullo_epi16(_mm512_srli_epi16(a, 8), _mm512_srli_epi16(b, 8));
    return _mm512_mask_blend_epi8(0xaaaaaaaaaaaaaaaa, even, _mm512_slli_epi16(odd, 8));
}

typedef vector u8_accumulator;
#define u8_widen same
#define u8_narrow same
#define u8_add i8_add
#define u8_multiply i8_multiply
MIX_INLINE vector u8_minimum(vector a, vector b) { return _mm512_min_epu8(a, b); }
MIX_INLINE vector u8_maximum(vector a, vector b) { return _mm512_max_epu8(a, b); }

typedef vector i32_accumulator;
#define i32_widen same
#define i32_narrow same
MIX_INLINE vector i32_add(vector a, vector b) { return _mm512_add_epi32(a, b); }
MIX_INLINE vector i32_multiply(vector a, vector b) { return _mm512_mullo_epi32(a, b); }
MIX_INLINE vector i32_minimum(vector a, vector b) { return _mm512_min_epi32(a, b); }
MIX_INLINE vector i32_maximum(vector a, vector b) { return _mm512_max_epi32(a, b); }

typedef vector i64_accumulator;
#define i64_widen same
#define i64_narrow same
MIX_INLINE vector i64_add(vector a, vector b) { return _mm512_add_epi64(a, b); }
MIX_INLINE vector i64_multiply(vector a, vector b) { return _mm512_mullo_epi64(a, b); }
MIX_INLINE vector i64_minimum(vector a, vector b) { return _mm512_min_epi64(a, b); }
MIX_INLINE vector i64_maximum(vector a, vector b) { return _mm512_max_epi64(a, b); }

// MARK: - Conversions of LANES elements

MIX_INLINE void f32_of_bf16(float *to, const uint16_t *from) {
    __m512i bits = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)from));
    _mm512_storeu_si512(to, _mm512_slli_epi32(bits, 16));
}
MIX_INLINE void bf16_of_f32(uint16_t *to, const float *from) {
    __m512i rounded = _mm512_srli_epi32(bf16_round(_mm512_loadu_ps(from)), 16);
    _mm256_storeu_si256((__m256i *)to, _mm512_cvtepi32_epi16(rounded));
}
MIX_INLINE void f32_of_f16(float *to, const uint16_t *from) {
    _mm512_storeu_ps(to, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)from)));
}
MIX_INLINE void f16_of_f32(uint16_t *to, const float *from) {
    _mm256_storeu_si256((__m256i *)to, f16_round(_mm512_loadu_ps(from)));
}

// The bits of an e4m3, moved up, are a float16 whose exponent is too small by 15 - 7.
MIX_INLINE void f32_of_f8e4m3(float *to, const uint8_t *from) {
    __m256i bits = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)from));
    __m256i magnitude = _mm256_and_si256(bits, _mm256_set1_epi16(0x7f));
    __m256i sign = _mm256_slli_epi16(_mm256_sub_epi16(bits, magnitude), 8);
    __mmask16 nan = _mm256_cmpeq_epi16_mask(magnitude, _mm256_set1_epi16(0x7f));
    __m512 small = _mm512_cvtph_ps(_mm256_or_si256(_mm256_slli_epi16(magnitude, 7), sign));
    __m512i value = _mm512_castps_si512(_mm512_mul_ps(small, _mm512_set1_ps(256.0f)));
    value = _mm512_mask_or_epi32(value, nan, value, _mm512_set1_epi32(0x7fc00000));
    _mm512_storeu_si512(to, value);
}

// Below 2^-6, adding 2^14 leaves the float32 that is rounded to units of 2^-9: its low bits are the e4m3.
MIX_INLINE void f8e4m3_of_f32(uint8_t *to, const float *from) {
    __m512i bits = _mm512_loadu_si512(from);
    __m512i sign = _mm512_and_si512(_mm512_srli_epi32(bits, 24), _mm512_set1_epi32(0x80));
    bits = _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffffff));
    __mmask16 nan = _mm512_cmpgt_epi32_mask(bits, _mm512_set1_epi32(0x7f800000));
    __m512 value =
        _mm512_min_ps(_mm512_castsi512_ps(bits), _mm512_set1_ps(448.0f));
    __mmask16 denormal = _mm512_cmp_ps_mask(value, _mm512_set1_ps(0x1p-6f), _CMP_LT_OQ);
    __m512i units = _mm512_castps_si512(_mm512_add_ps(value, _mm512_set1_ps(0x1p14f)));
    bits = _mm512_castps_si512(value);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 20), _mm512_set1_epi32(1));
    bits = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7ffff)));
    bits = _mm512_srli_epi32(_mm512_sub_epi32(bits, _mm512_set1_epi32((127 - 7) << 23)), 20);
    bits = _mm512_mask_blend_epi32(denormal, bits, units);
    bits = _mm512_mask_blend_epi32(nan, bits, _mm512_set1_epi32(0x7f));
    _mm_storeu_si128((__m128i *)to, _mm512_cvtepi32_epi8(_mm512_or_si512(bits, sign)));
}

#define TABLE mix_kernels_avx512
#define ISA MIX_ISA_AVX512
#include "bodies.h"

#pragma clang attribute pop
#endif
