// Plain C: runs everywhere, and defines what every other instruction set must answer bit for bit.
#include "kernels_internal.h"

#include <math.h>
#include <string.h>

// MARK: - Conversions of one element

MIX_INLINE uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

MIX_INLINE float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/// `value` >> `shift`, rounded to nearest even; 1 <= shift <= 31.
MIX_INLINE uint32_t shift_to_nearest_even(uint32_t value, unsigned shift) {
    uint32_t odd = (value >> shift) & 1;
    return (uint32_t)(((uint64_t)value + (1u << (shift - 1)) - 1 + odd) >> shift);
}

MIX_INLINE float f32_from_bf16(uint16_t source) { return float_of((uint32_t)source << 16); }

MIX_INLINE uint16_t bf16_from_f32(float source) {
    uint32_t bits = bits_of(source);
    if ((bits & 0x7fffffff) > 0x7f800000) { return (uint16_t)(bits >> 16 | 0x0040); }
    // A carry out of the mantissa is the next exponent, and past the last one, infinity.
    return (uint16_t)shift_to_nearest_even(bits, 16);
}

MIX_INLINE float f32_from_f16(uint16_t source) {
    uint32_t sign = (uint32_t)(source & 0x8000) << 16;
    uint32_t exponent = source >> 10 & 0x1f;
    uint32_t mantissa = source & 0x3ff;
    if (exponent == 0x1f) {
        uint32_t quiet = mantissa != 0 ? 0x00400000 : 0;
        return float_of(sign | 0x7f800000 | quiet | mantissa << 13);
    }
    if (exponent == 0) {
        float magnitude = (float)mantissa * 0x1p-24f;
        return float_of(sign | bits_of(magnitude));
    }
    return float_of(sign | (exponent + 127 - 15) << 23 | mantissa << 13);
}

MIX_INLINE uint16_t f16_from_f32(float source) {
    uint32_t bits = bits_of(source);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) { return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff)); }
    if (magnitude >= bits_of(65520.0f)) { return sign | 0x7c00; }
    if (magnitude >= bits_of(0x1p-14f)) {
        return (uint16_t)(sign | shift_to_nearest_even(magnitude - ((127u - 15u) << 23), 13));
    }
    // Denormal: units of 2^-24. At most half a unit is zero, by the rule of ties.
    if (magnitude <= bits_of(0x1p-25f)) { return sign; }
    uint32_t mantissa = (magnitude & 0x7fffff) | 0x800000;
    return (uint16_t)(sign | shift_to_nearest_even(mantissa, 126 - (magnitude >> 23)));
}

MIX_INLINE float f32_from_f8e4m3(uint8_t source) {
    uint32_t sign = (uint32_t)(source & 0x80) << 24;
    uint32_t exponent = source >> 3 & 0xf;
    uint32_t mantissa = source & 0x7;
    if ((source & 0x7f) == 0x7f) { return float_of(sign | 0x7fc00000); }
    if (exponent == 0) { return float_of(sign | bits_of((float)mantissa * 0x1p-9f)); }
    return float_of(sign | (exponent + 127 - 7) << 23 | mantissa << 20);
}

MIX_INLINE uint8_t f8e4m3_from_f32(float source) {
    uint32_t bits = bits_of(source);
    uint8_t sign = (uint8_t)(bits >> 24 & 0x80);
    uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) { return sign | 0x7f; }
    if (magnitude >= bits_of(448.0f)) { return sign | 0x7e; }
    if (magnitude >= bits_of(0x1p-6f)) {
        return (uint8_t)(sign | shift_to_nearest_even(magnitude - ((127u - 7u) << 23), 20));
    }
    // Denormal: units of 2^-9.
    if (magnitude <= bits_of(0x1p-10f)) { return sign; }
    uint32_t mantissa = (magnitude & 0x7fffff) | 0x800000;
    return (uint8_t)(sign | shift_to_nearest_even(mantissa, 141 - (magnitude >> 23)));
}

// MARK: - Operations on one element

// IEEE 754-2019 minimum and maximum: NaN if either is, and -0 < +0.
#define DEFINE_FLOAT_OPERATIONS(type, scalar)                                                 \
    MIX_INLINE scalar type##_add(scalar a, scalar b) { return a + b; }                        \
    MIX_INLINE scalar type##_multiply(scalar a, scalar b) { return a * b; }                   \
    MIX_INLINE scalar type##_minimum(scalar a, scalar b) {                                    \
        if (a != a || b != b) { return a + b; }                                               \
        if (a == b) { return signbit(a) ? a : b; }                                            \
        return a < b ? a : b;                                                                 \
    }                                                                                         \
    MIX_INLINE scalar type##_maximum(scalar a, scalar b) {                                    \
        if (a != a || b != b) { return a + b; }                                               \
        if (a == b) { return signbit(a) ? b : a; }                                            \
        return a > b ? a : b;                                                                 \
    }                                                                                         \
    MIX_INLINE scalar type##_divide(scalar a, uint32_t divisor) { return a / (scalar)divisor; }

DEFINE_FLOAT_OPERATIONS(float, float)
DEFINE_FLOAT_OPERATIONS(double, double)

// Integers of every width are reduced in 64 bits: what wraps there wraps the same in fewer bits.
MIX_INLINE int64_t integer_add(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
MIX_INLINE int64_t integer_multiply(int64_t a, int64_t b) {
    return (int64_t)((uint64_t)a * (uint64_t)b);
}
MIX_INLINE int64_t integer_minimum(int64_t a, int64_t b) { return a < b ? a : b; }
MIX_INLINE int64_t integer_maximum(int64_t a, int64_t b) { return a > b ? a : b; }
MIX_INLINE int64_t integer_divide(int64_t a, uint32_t divisor) { return a / (int64_t)divisor; }

// MARK: - Reductions

#define SAME(value) (value)
#define NOT_DIVIDED(value, divisor) ((void)(divisor), (value))

// Elements are read and written at any address: buffers of payload need not be aligned.
#define DEFINE_REDUCE(linkage, name, element, accumulator, widen, narrow, combine, finish)    \
    linkage int name(                                                                         \
        const void *const *sources, size_t source_count, void *const *destinations,           \
        size_t destination_count, size_t count, uint32_t divisor, int stream) {               \
        typedef element unaligned __attribute__((aligned(1), may_alias));                     \
        (void)stream;                                                                         \
        for (size_t i = 0; i < count; i++) {                                                  \
            accumulator total = widen(((const unaligned *)sources[0])[i]);                    \
            for (size_t s = 1; s < source_count; s++) {                                       \
                total = combine(total, widen(((const unaligned *)sources[s])[i]));            \
            }                                                                                 \
            element result = (element)narrow(finish(total, divisor));                         \
            for (size_t d = 0; d < destination_count; d++) {                                  \
                ((unaligned *)destinations[d])[i] = result;                                   \
            }                                                                                 \
        }                                                                                     \
        return 0;                                                                             \
    }

#define DEFINE_REDUCTIONS(type, element, accumulator, operations, widen, narrow, average_linkage) \
    DEFINE_REDUCE(static, sum_##type, element, accumulator, widen, narrow,                    \
                  operations##_add, NOT_DIVIDED)                                              \
    DEFINE_REDUCE(static, product_##type, element, accumulator, widen, narrow,                \
                  operations##_multiply, NOT_DIVIDED)                                         \
    DEFINE_REDUCE(static, minimum_##type, element, accumulator, widen, narrow,                \
                  operations##_minimum, NOT_DIVIDED)                                          \
    DEFINE_REDUCE(static, maximum_##type, element, accumulator, widen, narrow,                \
                  operations##_maximum, NOT_DIVIDED)                                          \
    DEFINE_REDUCE(average_linkage, mix_generic_average_##type, element, accumulator, widen,   \
                  narrow, operations##_add, operations##_divide)

DEFINE_REDUCTIONS(f32, float, float, float, SAME, SAME, static)
DEFINE_REDUCTIONS(f64, double, double, double, SAME, SAME, static)
DEFINE_REDUCTIONS(f16, uint16_t, float, float, f32_from_f16, f16_from_f32, static)
DEFINE_REDUCTIONS(bf16, uint16_t, float, float, f32_from_bf16, bf16_from_f32, static)
DEFINE_REDUCTIONS(i8, int8_t, int64_t, integer, SAME, SAME, )
DEFINE_REDUCTIONS(i32, int32_t, int64_t, integer, SAME, SAME, )
DEFINE_REDUCTIONS(i64, int64_t, int64_t, integer, SAME, SAME, )
DEFINE_REDUCTIONS(u8, uint8_t, int64_t, integer, SAME, SAME, )

// MARK: - Arrays

static void copy(void *destination, const void *source, size_t bytes, int stream) {
    (void)stream;
    if (bytes != 0) { memcpy(destination, source, bytes); }
}

#define DEFINE_CONVERT(name, to, from, convert)                                               \
    static void name(to *destination, const from *source, size_t count) {                     \
        for (size_t i = 0; i < count; i++) { destination[i] = convert(source[i]); }           \
    }

DEFINE_CONVERT(convert_bf16_to_f32, float, uint16_t, f32_from_bf16)
DEFINE_CONVERT(convert_f32_to_bf16, uint16_t, float, bf16_from_f32)
DEFINE_CONVERT(convert_f16_to_f32, float, uint16_t, f32_from_f16)
DEFINE_CONVERT(convert_f32_to_f16, uint16_t, float, f16_from_f32)
DEFINE_CONVERT(convert_f8e4m3_to_f32, float, uint8_t, f32_from_f8e4m3)
DEFINE_CONVERT(convert_f32_to_f8e4m3, uint8_t, float, f8e4m3_from_f32)

#define REDUCTIONS(type) \
    {sum_##type, product_##type, minimum_##type, maximum_##type, mix_generic_average_##type}

#include "weighted_body.h"

const mix_kernels mix_kernels_generic = {
    .isa = MIX_ISA_GENERIC,
    .reduce =
        {
            [MIX_TYPE_F32] = REDUCTIONS(f32),
            [MIX_TYPE_F64] = REDUCTIONS(f64),
            [MIX_TYPE_F16] = REDUCTIONS(f16),
            [MIX_TYPE_BF16] = REDUCTIONS(bf16),
            [MIX_TYPE_I8] = REDUCTIONS(i8),
            [MIX_TYPE_I32] = REDUCTIONS(i32),
            [MIX_TYPE_I64] = REDUCTIONS(i64),
            [MIX_TYPE_U8] = REDUCTIONS(u8),
        },
    .copy = copy,
    .bf16_to_f32 = convert_bf16_to_f32,
    .f32_to_bf16 = convert_f32_to_bf16,
    .f16_to_f32 = convert_f16_to_f32,
    .f32_to_f16 = convert_f32_to_f16,
    .f8e4m3_to_f32 = convert_f8e4m3_to_f32,
    .f32_to_f8e4m3 = convert_f32_to_f8e4m3,
    .weighted_sum = weighted_sum,
};
