// What dispatch.c and the files of the instruction sets share.
#ifndef MIX_KERNELS_INTERNAL_H
#define MIX_KERNELS_INTERNAL_H

#include "CMixKernels.h"

#include <string.h>

#define MIX_REDUCIBLE_TYPES 8  // F8E4M3, the last type, is payload only
#define MIX_REDUCTIONS 5

#define MIX_INLINE static inline __attribute__((always_inline))
#define MIX_HIDDEN __attribute__((visibility("hidden")))
#define MIX_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define MIX_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

#define MIX_PASTE_(a, b) a##_##b
#define MIX_PASTE(a, b) MIX_PASTE_(a, b)

/// memcpy of fewer bytes than a vector of 16 or 32, without the call.
MIX_INLINE void mix_copy_part(uint8_t *to, const uint8_t *from, size_t bytes) {
    size_t at = 0;
    if (bytes & 16) {
        memcpy(to, from, 16);
        at = 16;
    }
    if (bytes & 8) {
        memcpy(to + at, from + at, 8);
        at += 8;
    }
    if (bytes & 4) {
        memcpy(to + at, from + at, 4);
        at += 4;
    }
    if (bytes & 2) {
        memcpy(to + at, from + at, 2);
        at += 2;
    }
    if (bytes & 1) { to[at] = from[at]; }
}

/// What mix_reduce does for one type and reduction; always 0, so that it can be the tail of mix_reduce.
typedef int (*mix_reduce_function)(
    const void *const *sources, size_t source_count, void *const *destinations,
    size_t destination_count, size_t count, uint32_t divisor, int stream);

typedef struct {
    mix_isa isa;
    mix_reduce_function reduce[MIX_REDUCIBLE_TYPES][MIX_REDUCTIONS];
    void (*copy)(void *destination, const void *source, size_t bytes, int stream);
    void (*bf16_to_f32)(float *destination, const uint16_t *source, size_t count);
    void (*f32_to_bf16)(uint16_t *destination, const float *source, size_t count);
    void (*f16_to_f32)(float *destination, const uint16_t *source, size_t count);
    void (*f32_to_f16)(uint16_t *destination, const float *source, size_t count);
    void (*f8e4m3_to_f32)(float *destination, const uint8_t *source, size_t count);
    void (*f32_to_f8e4m3)(uint8_t *destination, const float *source, size_t count);
    void (*weighted_sum)(
        mix_type type, const void *const *sources, const float *weights, size_t source_count, float *destination,
        size_t count, int accumulate);
} mix_kernels;

extern const mix_kernels mix_kernels_generic MIX_HIDDEN;
#if defined(__x86_64__)
extern const mix_kernels mix_kernels_avx2 MIX_HIDDEN;
extern const mix_kernels mix_kernels_avx512 MIX_HIDDEN;
#elif defined(__aarch64__)
extern const mix_kernels mix_kernels_neon MIX_HIDDEN;
#endif

// Averages of integers divide, which no instruction set here does on vectors: all tables share these.
MIX_HIDDEN int mix_generic_average_i8(
    const void *const *, size_t, void *const *, size_t, size_t, uint32_t, int);
MIX_HIDDEN int mix_generic_average_i32(
    const void *const *, size_t, void *const *, size_t, size_t, uint32_t, int);
MIX_HIDDEN int mix_generic_average_i64(
    const void *const *, size_t, void *const *, size_t, size_t, uint32_t, int);
MIX_HIDDEN int mix_generic_average_u8(
    const void *const *, size_t, void *const *, size_t, size_t, uint32_t, int);

#endif
