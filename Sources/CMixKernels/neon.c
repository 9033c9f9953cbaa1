// NEON of AArch64: 16-byte vectors. There are no masks, and non-temporal stores are not worth a
// different path: `stream` is not heeded.
#include "kernels_internal.h"

#if defined(__aarch64__)

#include <arm_neon.h>
#include <string.h>

typedef uint8x16_t vector;
#define VECTOR_BYTES ((size_t)16)
#define LANES 4
#define HAS_STREAMING 0

MIX_INLINE vector vector_load(const void *address) { return vld1q_u8(address); }
MIX_INLINE void vector_store(void *address, vector a) { vst1q_u8(address, a); }
MIX_INLINE void vector_stream(void *address, vector a) { vst1q_u8(address, a); }
MIX_INLINE void vector_fence(void) {}

MIX_INLINE vector vector_load_part(const void *address, size_t bytes) {
    uint8_t part[16] = {0};
    mix_copy_part(part, address, bytes);
    return vld1q_u8(part);
}
MIX_INLINE void vector_store_part(void *address, vector a, size_t bytes) {
    uint8_t part[16];
    vst1q_u8(part, a);
    mix_copy_part(address, part, bytes);
}

// MARK: - float32 and float64

// These minima and maxima are those of IEEE 754-2019 already.
typedef float32x4_t f32_accumulator;
MIX_INLINE float32x4_t f32_widen(vector a) { return vreinterpretq_f32_u8(a); }
MIX_INLINE vector f32_narrow(float32x4_t a) { return vreinterpretq_u8_f32(a); }
MIX_INLINE float32x4_t f32_add(float32x4_t a, float32x4_t b) { return vaddq_f32(a, b); }
MIX_INLINE float32x4_t f32_multiply(float32x4_t a, float32x4_t b) { return vmulq_f32(a, b); }
MIX_INLINE float32x4_t f32_minimum(float32x4_t a, float32x4_t b) { return vminq_f32(a, b); }
MIX_INLINE float32x4_t f32_maximum(float32x4_t a, float32x4_t b) { return vmaxq_f32(a, b); }
MIX_INLINE float32x4_t f32_divide(float32x4_t a, uint32_t divisor) {
    return vdivq_f32(a, vdupq_n_f32((float)divisor));
}

typedef float64x2_t f64_accumulator;
MIX_INLINE float64x2_t f64_widen(vector a) { return vreinterpretq_f64_u8(a); }
MIX_INLINE vector f64_narrow(float64x2_t a) { return vreinterpretq_u8_f64(a); }
MIX_INLINE float64x2_t f64_add(float64x2_t a, float64x2_t b) { return vaddq_f64(a, b); }
MIX_INLINE float64x2_t f64_multiply(float64x2_t a, float64x2_t b) { return vmulq_f64(a, b); }
MIX_INLINE float64x2_t f64_minimum(float64x2_t a, float64x2_t b) { return vminq_f64(a, b); }
MIX_INLINE float64x2_t f64_maximum(float64x2_t a, float64x2_t b) { return vmaxq_f64(a, b); }
MIX_INLINE float64x2_t f64_divide(float64x2_t a, uint32_t divisor) {
    return vdivq_f64(a, vdupq_n_f64((double)divisor));
}

// MARK: - 16-bit floats: two vectors of float32

typedef float32x4_t floats;
#include "float_pair_body.h"

MIX_INLINE float_pair f16_widen(vector a) {
    float16x8_t halves = vreinterpretq_f16_u8(a);
    return (float_pair){vcvt_f32_f16(vget_low_f16(halves)), vcvt_high_f32_f16(halves)};
}
MIX_INLINE vector f16_narrow(float_pair x) {
    return vreinterpretq_u8_f16(vcvt_high_f16_f32(vcvt_f16_f32(x.a), x.b));
}

/// Rounded bits in the upper half of every lane; the lower half is left over.
MIX_INLINE uint32x4_t bf16_round(float32x4_t a) {
    uint32x4_t bits = vreinterpretq_u32_f32(a);
    uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    uint32x4_t rounded = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
    uint32x4_t quiet = vorrq_u32(bits, vdupq_n_u32(0x00400000));
    return vbslq_u32(vceqq_f32(a, a), rounded, quiet);
}
// Even elements in one vector, odd ones in the other: no element has to cross lanes.
MIX_INLINE float_pair bf16_widen(vector a) {
    uint32x4_t bits = vreinterpretq_u32_u8(a);
    uint32x4_t upper = vandq_u32(bits, vdupq_n_u32(0xffff0000));
    return (float_pair){
        vreinterpretq_f32_u32(vshlq_n_u32(bits, 16)), vreinterpretq_f32_u32(upper)};
}
MIX_INLINE vector bf16_narrow(float_pair x) {
    // Shift right and insert: the upper half of each odd element stays.
    return vreinterpretq_u8_u32(vsriq_n_u32(bf16_round(x.b), bf16_round(x.a), 16));
}

// MARK: - Integers

typedef int8x16_t i8_accumulator;
MIX_INLINE int8x16_t i8_widen(vector a) { return vreinterpretq_s8_u8(a); }
MIX_INLINE vector i8_narrow(int8x16_t a) { return vreinterpretq_u8_s8(a); }
MIX_INLINE int8x16_t i8_add(int8x16_t a, int8x16_t b) { return vaddq_s8(a, b); }
MIX_INLINE int8x16_t i8_multiply(int8x16_t a, int8x16_t b) { return vmulq_s8(a, b); }
MIX_INLINE int8x16_t i8_minimum(int8x16_t a, int8x16_t b) { return vminq_s8(a, b); }
MIX_INLINE int8x16_t i8_maximum(int8x16_t a, int8x16_t b) { return vmaxq_s8(a, b); }

typedef uint8x16_t u8_accumulator;
MIX_INLINE uint8x16_t u8_widen(vector a) { return a; }
MIX_INLINE vector u8_narrow(uint8x16_t a) { return a; }
MIX_INLINE uint8x16_t u8_add(uint8x16_t a, uint8x16_t b) { return vaddq_u8(a, b); }
MIX_INLINE uint8x16_t u8_multiply(uint8x16_t a, uint8x16_t b) { return vmulq_u8(a, b); }
MIX_INLINE uint8x16_t u8_minimum(uint8x16_t a, uint8x16_t b) { return vminq_u8(a, b); }
MIX_INLINE uint8x16_t u8_maximum(uint8x16_t a, uint8x16_t b) { return vmaxq_u8(a, b); }

typedef int32x4_t i32_accumulator;
MIX_INLINE int32x4_t i32_widen(vector a) { return vreinterpretq_s32_u8(a); }
MIX_INLINE vector i32_narrow(int32x4_t a) { return vreinterpretq_u8_s32(a); }
MIX_INLINE int32x4_t i32_add(int32x4_t a, int32x4_t b) { return vaddq_s32(a, b); }
MIX_INLINE int32x4_t i32_multiply(int32x4_t a, int32x4_t b) { return vmulq_s32(a, b); }
MIX_INLINE int32x4_t i32_minimum(int32x4_t a, int32x4_t b) { return vminq_s32(a, b); }
MIX_INLINE int32x4_t i32_maximum(int32x4_t a, int32x4_t b) { return vmaxq_s32(a, b); }

typedef int64x2_t i64_accumulator;
MIX_INLINE int64x2_t i64_widen(vector a) { return vreinterpretq_s64_u8(a); }
MIX_INLINE vector i64_narrow(int64x2_t a) { return vreinterpretq_u8_s64(a); }
MIX_INLINE int64x2_t i64_add(int64x2_t a, int64x2_t b) { return vaddq_s64(a, b); }
MIX_INLINE int64x2_t i64_multiply(int64x2_t a, int64x2_t b) {
    uint64_t low = (uint64_t)vgetq_lane_s64(a, 0) * (uint64_t)vgetq_lane_s64(b, 0);
    uint64_t high = (uint64_t)vgetq_lane_s64(a, 1) * (uint64_t)vgetq_lane_s64(b, 1);
    return vreinterpretq_s64_u64(vsetq_lane_u64(high, vdupq_n_u64(low), 1));
}
MIX_INLINE int64x2_t i64_minimum(int64x2_t a, int64x2_t b) {
    return vbslq_s64(vcgtq_s64(a, b), b, a);
}
MIX_INLINE int64x2_t i64_maximum(int64x2_t a, int64x2_t b) {
    return vbslq_s64(vcgtq_s64(a, b), a, b);
}

// MARK: - Conversions of LANES elements

MIX_INLINE void f32_of_bf16(float *to, const uint16_t *from) {
    vst1q_f32(to, vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(from), 16)));
}
MIX_INLINE void bf16_of_f32(uint16_t *to, const float *from) {
    vst1_u16(to, vshrn_n_u32(bf16_round(vld1q_f32(from)), 16));
}
MIX_INLINE void f32_of_f16(float *to, const uint16_t *from) {
    vst1q_f32(to, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from))));
}
MIX_INLINE void f16_of_f32(uint16_t *to, const float *from) {
    vst1_u16(to, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(from))));
}

// The bits of an e4m3, moved up, are a float16 whose exponent is too small by 15 - 7.
MIX_INLINE void f32_of_f8e4m3(float *to, const uint8_t *from) {
    uint32_t four;
    memcpy(&four, from, sizeof four);
    uint16x4_t bits = vget_low_u16(vmovl_u8(vcreate_u8(four)));
    uint16x4_t magnitude = vand_u16(bits, vdup_n_u16(0x7f));
    uint16x4_t sign = vshl_n_u16(vsub_u16(bits, magnitude), 8);
    int16x4_t nan = vreinterpret_s16_u16(vceq_u16(magnitude, vdup_n_u16(0x7f)));
    uint16x4_t moved = vorr_u16(vshl_n_u16(magnitude, 7), sign);
    float32x4_t value =
        vmulq_f32(vcvt_f32_f16(vreinterpret_f16_u16(moved)), vdupq_n_f32(256.0f));
    uint32x4_t quiet =
        vandq_u32(vreinterpretq_u32_s32(vmovl_s16(nan)), vdupq_n_u32(0x7fc00000));
    vst1q_f32(to, vreinterpretq_f32_u32(vorrq_u32(vreinterpretq_u32_f32(value), quiet)));
}

// Below 2^-6, adding 2^14 leaves the float32 that is rounded to units of 2^-9: its low bits are the e4m3.
MIX_INLINE void f8e4m3_of_f32(uint8_t *to, const float *from) {
    uint32x4_t bits = vreinterpretq_u32_f32(vld1q_f32(from));
    uint32x4_t sign = vandq_u32(vshrq_n_u32(bits, 24), vdupq_n_u32(0x80));
    bits = vandq_u32(bits, vdupq_n_u32(0x7fffffff));
    uint32x4_t nan = vcgtq_u32(bits, vdupq_n_u32(0x7f800000));
    float32x4_t value = vminq_f32(vreinterpretq_f32_u32(bits), vdupq_n_f32(448.0f));
    uint32x4_t denormal = vcltq_f32(value, vdupq_n_f32(0x1p-6f));
    uint32x4_t units = vreinterpretq_u32_f32(vaddq_f32(value, vdupq_n_f32(0x1p14f)));
    bits = vreinterpretq_u32_f32(value);
    uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 20), vdupq_n_u32(1));
    bits = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7ffff)));
    bits = vshrq_n_u32(vsubq_u32(bits, vdupq_n_u32((127 - 7) << 23)), 20);
    bits = vbslq_u32(denormal, units, bits);
    bits = vbslq_u32(nan, vdupq_n_u32(0x7f), bits);
    uint16x4_t words = vmovn_u32(vorrq_u32(bits, sign));
    uint8x8_t bytes = vmovn_u16(vcombine_u16(words, words));
    uint32_t four = vget_lane_u32(vreinterpret_u32_u8(bytes), 0);
    memcpy(to, &four, sizeof four);
}

#define TABLE mix_kernels_neon
#define ISA MIX_ISA_NEON
#include "bodies.h"

#endif
