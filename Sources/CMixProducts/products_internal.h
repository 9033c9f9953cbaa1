// What dispatch.c and the files of the instruction sets share.
#ifndef MIX_PRODUCTS_INTERNAL_H
#define MIX_PRODUCTS_INTERNAL_H

#include "CMixProducts.h"

#include <math.h>
#include <string.h>

#define MIX_INLINE static inline __attribute__((always_inline))
#define MIX_HIDDEN __attribute__((visibility("hidden")))

/// Weights that will be wanted next, to be fetched a few lines at a time while others are multiplied.
typedef struct {
    const char *at;
    /// Bytes from one step to the next, and from the first line of a step to its second and third; 0 repeats a line.
    size_t step, second, third;
} mix_ahead;

/// A part of a product: sums[row][lane] = scales[lane] · Σ x[row][k] · w[k][lane] over 2 · pairs inputs, added to what is there
/// unless `first`; scales NULL: 1. Rows of x are `stride` elements apart. Each step of a pair fetches ahead.
typedef void (*mix_tile_f32)(
    const void *weights, const float *x, size_t stride, size_t rows, size_t pairs, const float *scales, float *sums,
    int first, mix_ahead ahead);
typedef void (*mix_tile_bf16)(
    const void *weights, const uint16_t *x, size_t stride, size_t rows, size_t pairs, const float *scales, float *sums,
    int first, mix_ahead ahead);
/// Weights of pairs of inputs as the type of an operand, packed as that type would be.
typedef void (*mix_widen)(const void *packed, void *widened, size_t pairs);

#define MIX_FEW_ROWS 4

/// Rows of which the sums of a panel stay in registers.
#define MIX_TILE_ROWS 6

typedef struct {
    mix_products_isa isa;
    /// Of weights of float32; whatever others are widened to.
    mix_tile_f32 tile_f32;
    /// NULL where rows of bfloat16 are better multiplied in float32.
    mix_tile_bf16 tile_bf16;
    /// Of weights of every type as they are packed, widened in registers, for up to MIX_FEW_ROWS rows; NULL where it's as well
    /// to widen a segment first.
    mix_tile_f32 few_f16_as_f32;
    mix_tile_f32 few_bf16_as_f32;
    mix_tile_f32 few_f8e4m3_as_f32;
    mix_tile_bf16 few_f8e4m3_as_bf16;
    mix_widen widen_f16_to_f32;
    mix_widen widen_bf16_to_f32;
    mix_widen widen_f8e4m3_to_f32;
    mix_widen widen_f8e4m3_to_bf16;
    void (*activate)(
        const mix_activation_form *activation, const float *sums, size_t rows, const float *bias, mix_operand type,
        void *y, size_t stride);
    void (*store_sums)(
        const float *sums, size_t rows, size_t lanes, const float *bias, mix_operand type, void *y, size_t stride);
} mix_products;

extern const mix_products mix_products_generic MIX_HIDDEN;
#if defined(__x86_64__)
extern const mix_products mix_products_avx2 MIX_HIDDEN;
extern const mix_products mix_products_avx512 MIX_HIDDEN;
extern const mix_products mix_products_avx512_bf16 MIX_HIDDEN;
extern const mix_products mix_products_amx MIX_HIDDEN;
/// Whether the processor has a matrix unit and the kernel lets this process use it; asks for the permission.
MIX_HIDDEN int mix_amx_is_available(void);
#endif

MIX_INLINE float mix_float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

MIX_INLINE uint32_t mix_bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

MIX_INLINE float mix_bf16_to_f32(uint16_t bits) { return mix_float_of_bits((uint32_t)bits << 16); }

/// To nearest even; NaN stays NaN. Without branches, so that loops over it become vectors.
MIX_INLINE uint16_t mix_f32_to_bf16(float value) {
    uint32_t bits = mix_bits_of_float(value);
    uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    return (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? (bits >> 16) | 0x40 : rounded);
}

MIX_INLINE float mix_f16_to_f32(uint16_t bits) {
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16, magnitude = bits & 0x7fff;
    if (magnitude >= 0x7c00) { return mix_float_of_bits(sign | (magnitude << 13) | 0x7f800000); }
    if (magnitude >= 0x400) { return mix_float_of_bits(sign | ((magnitude << 13) + (112u << 23))); }
    float value = (float)magnitude * 0x1p-24f;
    return sign ? -value : value;
}

MIX_INLINE size_t mix_least(size_t a, size_t b) { return a < b ? a : b; }

/// Where a segment begins and ends, in pairs of inputs. Where a scale changes inside a pair, the pair is in both segments,
/// with a zero in the place of the other's weight.
typedef struct {
    size_t first_input, end_input;
    size_t first_pair, pairs;
} mix_segment;

MIX_INLINE size_t mix_segment_count(const mix_packed_matrix *matrix) {
    return (matrix->offset + matrix->inputs + matrix->block - 1) / matrix->block;
}

MIX_INLINE mix_segment mix_segment_at(const mix_packed_matrix *matrix, size_t index) {
    mix_segment s;
    s.first_input = index == 0 ? 0 : index * matrix->block - matrix->offset;
    s.end_input = mix_least(matrix->inputs, (index + 1) * matrix->block - matrix->offset);
    s.first_pair = s.first_input / 2;
    s.pairs = (s.end_input + 1) / 2 - s.first_pair;
    return s;
}

/// Bytes of the weights of a pair of inputs in a panel.
MIX_INLINE size_t mix_pair_bytes(mix_weights type) {
    static const uint8_t size[] = {4, 2, 2, 1};
    return 2 * MIX_PANEL * (size_t)size[type];
}

MIX_INLINE size_t mix_scale_bytes(mix_weights type) {
    return type == MIX_WEIGHTS_F8E4M3 ? MIX_PANEL * sizeof(float) : 0;
}

#endif
