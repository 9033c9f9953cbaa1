// CMixKernels: element-wise reductions and conversions, and nothing else.
//
// One file per instruction set, one dispatch table (dispatch.c), generic.c is the oracle that every
// other file is tested against. Nothing here allocates, locks or calls the system after the first use.
#ifndef CMIXKERNELS_H
#define CMIXKERNELS_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    MIX_TYPE_F32 = 0,
    MIX_TYPE_F64 = 1,
    MIX_TYPE_F16 = 2,
    MIX_TYPE_BF16 = 3,
    MIX_TYPE_I8 = 4,
    MIX_TYPE_I32 = 5,
    MIX_TYPE_I64 = 6,
    MIX_TYPE_U8 = 7,
    MIX_TYPE_F8E4M3 = 8,  // payload only: it can be moved and converted, not reduced
} mix_type;

typedef enum {
    MIX_REDUCTION_SUM = 0,
    MIX_REDUCTION_PRODUCT = 1,
    MIX_REDUCTION_MIN = 2,
    MIX_REDUCTION_MAX = 3,
    MIX_REDUCTION_AVERAGE = 4,  // the sum, divided by `divisor` before the one rounding at the end
} mix_reduction;

typedef enum {
    MIX_ISA_GENERIC = 0,
    MIX_ISA_AVX2 = 1,
    MIX_ISA_AVX512 = 2,
    MIX_ISA_NEON = 3,
} mix_isa;

/// Bytes of one element.
size_t mix_type_size(mix_type type);

/// The instruction set in use: the best that this processor has, or what `MIX_ISA` names
/// (`generic`, `avx2`, `avx512`, `neon`); a name that this processor can't run is ignored.
mix_isa mix_isa_current(void);

/// Makes the dispatch table use `isa`; false (and no change) when this processor can't run it. For tests.
int mix_isa_select(mix_isa isa);

/// destinations[j][i] = sources[0][i] ∘ sources[1][i] ∘ … for every j, in that order, for i < count.
///
/// 16-bit floats are accumulated in float32 and rounded once (to nearest even). Every instruction set
/// gives the same bits as generic (NaN payloads aside). A destination may be the same array as a
/// source, element for element; other overlaps are not allowed. Arrays need not be aligned.
///
/// MIN and MAX of floats are IEEE 754-2019 minimum and maximum: NaN if any source is NaN, and -0 < +0.
/// Integer sums and products wrap. `divisor` is used by AVERAGE alone, and is divided by, never
/// multiplied by its inverse. AVERAGE of floats divides the sum in float32 (F64: float64) and then
/// rounds to the type; AVERAGE of integers sums in int64 (where I64 wraps), truncates the quotient
/// towards zero and wraps it to the type.
/// `stream` asks for non-temporal stores: right when the destinations are larger than the caches.
/// It's a hint: it's not heeded where the destinations are aligned differently, or by generic and neon.
/// Returns 0, or -1 (and writes nothing) for a type that can't be reduced (F8E4M3), source_count == 0,
/// or AVERAGE by a divisor of 0.
int mix_reduce(
    mix_type type, mix_reduction reduction, const void *const *sources, size_t source_count,
    void *const *destinations, size_t destination_count, size_t count, uint32_t divisor, int stream);

/// memcpy, by non-temporal stores if `stream` (the same hint as above).
void mix_copy(void *destination, const void *source, size_t bytes, int stream);

/// Exchanges the contents of two ranges that don't overlap.
void mix_swap(void *first, void *second, size_t bytes);

/// Conversions, to nearest even, between arrays that do not overlap. float32 to e4m3 (the variant
/// without infinities) saturates to ±448, infinities too, and keeps NaN.
void mix_convert_bf16_to_f32(float *destination, const uint16_t *source, size_t count);
void mix_convert_f32_to_bf16(uint16_t *destination, const float *source, size_t count);
void mix_convert_f16_to_f32(float *destination, const uint16_t *source, size_t count);
void mix_convert_f32_to_f16(uint16_t *destination, const float *source, size_t count);
void mix_convert_f8e4m3_to_f32(float *destination, const uint8_t *source, size_t count);
void mix_convert_f32_to_f8e4m3(uint8_t *destination, const float *source, size_t count);

/// destination[i] = weights[0] · sources[0][i] + weights[1] · sources[1][i] + … for i < count, in float32, added up in
/// that order beginning with 0, or with what is in destination if `accumulate`. Sources are F32, BF16 or F16; returns
/// -1 (and writes nothing) for other types. Every instruction set gives the same bits as generic (NaN payloads aside).
int mix_weighted_sum(
    mix_type type, const void *const *sources, const float *weights, size_t source_count, float *destination,
    size_t count, int accumulate);

/// Elements that share a scale.
#define MIX_SCALE_BLOCK 128

/// To e4m3 in blocks of MIX_SCALE_BLOCK, the last one may be shorter: scales[b] is the block's greatest magnitude / 448,
/// and destination · scale is the source, within 1/16 of its magnitude or, of small ones, 2⁻¹⁰ of the scale.
void mix_quantize_f8e4m3(uint8_t *destination, float *scales, const float *source, size_t count);

/// And back.
void mix_dequantize_f8e4m3(float *destination, const uint8_t *source, const float *scales, size_t count);

#endif
