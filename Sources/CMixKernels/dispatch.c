// The dispatch table: chosen at the first use, one atomic load afterwards.
#include "kernels_internal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static _Atomic(const mix_kernels *) current;

/// The kernels of `isa`, or NULL when this processor can't run them.
static const mix_kernels *kernels_of(mix_isa isa) {
    switch (isa) {
    case MIX_ISA_GENERIC:
        return &mix_kernels_generic;
#if defined(__x86_64__)
    case MIX_ISA_AVX2:
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c")) {
            return &mix_kernels_avx2;
        }
        return NULL;
    case MIX_ISA_AVX512:
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
            return &mix_kernels_avx512;
        }
        return NULL;
#elif defined(__aarch64__)
    case MIX_ISA_NEON:
        return &mix_kernels_neon;
#endif
    default:
        return NULL;
    }
}

static const mix_kernels *kernels_from_environment(void) {
    const char *name = getenv("MIX_ISA");
    if (name == NULL) { return NULL; }
    if (strcmp(name, "generic") == 0) { return kernels_of(MIX_ISA_GENERIC); }
    if (strcmp(name, "avx2") == 0) { return kernels_of(MIX_ISA_AVX2); }
    if (strcmp(name, "avx512") == 0) { return kernels_of(MIX_ISA_AVX512); }
    if (strcmp(name, "neon") == 0) { return kernels_of(MIX_ISA_NEON); }
    return NULL;
}

static __attribute__((noinline, cold)) const mix_kernels *choose(void) {
    static const mix_isa best_first[] = {MIX_ISA_AVX512, MIX_ISA_AVX2, MIX_ISA_NEON};
    const mix_kernels *chosen = kernels_from_environment();
    for (size_t i = 0; chosen == NULL && i < sizeof best_first / sizeof *best_first; i++) {
        chosen = kernels_of(best_first[i]);
    }
    if (chosen == NULL) { chosen = &mix_kernels_generic; }
    // Another thread may have been here, or in mix_isa_select, meanwhile: what it stored stands.
    const mix_kernels *expected = NULL;
    if (!atomic_compare_exchange_strong(&current, &expected, chosen)) { chosen = expected; }
    return chosen;
}

MIX_INLINE const mix_kernels *kernels(void) {
    const mix_kernels *chosen = atomic_load_explicit(&current, memory_order_acquire);
    return MIX_LIKELY(chosen != NULL) ? chosen : choose();
}

size_t mix_type_size(mix_type type) {
    switch (type) {
    case MIX_TYPE_F64:
    case MIX_TYPE_I64:
        return 8;
    case MIX_TYPE_F32:
    case MIX_TYPE_I32:
        return 4;
    case MIX_TYPE_F16:
    case MIX_TYPE_BF16:
        return 2;
    case MIX_TYPE_I8:
    case MIX_TYPE_U8:
    case MIX_TYPE_F8E4M3:
        return 1;
    }
    return 0;
}

mix_isa mix_isa_current(void) { return kernels()->isa; }

int mix_isa_select(mix_isa isa) {
    const mix_kernels *chosen = kernels_of(isa);
    if (chosen == NULL) { return 0; }
    atomic_store_explicit(&current, chosen, memory_order_release);
    return 1;
}

int mix_reduce(
    mix_type type, mix_reduction reduction, const void *const *sources, size_t source_count,
    void *const *destinations, size_t destination_count, size_t count, uint32_t divisor, int stream) {
    if (MIX_UNLIKELY(
            (unsigned)type >= MIX_REDUCIBLE_TYPES || (unsigned)reduction >= MIX_REDUCTIONS
            || source_count == 0 || (reduction == MIX_REDUCTION_AVERAGE && divisor == 0))) {
        return -1;
    }
    if (MIX_UNLIKELY(destination_count == 0)) { return 0; }
    const mix_kernels *chosen = kernels();
    return chosen->reduce[type][reduction](
        sources, source_count, destinations, destination_count, count, divisor, stream);
}

void mix_copy(void *destination, const void *source, size_t bytes, int stream) {
    kernels()->copy(destination, source, bytes, stream);
}

void mix_convert_bf16_to_f32(float *destination, const uint16_t *source, size_t count) {
    kernels()->bf16_to_f32(destination, source, count);
}

void mix_convert_f32_to_bf16(uint16_t *destination, const float *source, size_t count) {
    kernels()->f32_to_bf16(destination, source, count);
}

void mix_convert_f16_to_f32(float *destination, const uint16_t *source, size_t count) {
    kernels()->f16_to_f32(destination, source, count);
}

void mix_convert_f32_to_f16(uint16_t *destination, const float *source, size_t count) {
    kernels()->f32_to_f16(destination, source, count);
}

void mix_convert_f8e4m3_to_f32(float *destination, const uint8_t *source, size_t count) {
    kernels()->f8e4m3_to_f32(destination, source, count);
}

void mix_convert_f32_to_f8e4m3(uint8_t *destination, const float *source, size_t count) {
    kernels()->f32_to_f8e4m3(destination, source, count);
}

int mix_weighted_sum(
    mix_type type, const void *const *sources, const float *weights, size_t source_count, float *destination,
    size_t count, int accumulate) {
    if (type != MIX_TYPE_F32 && type != MIX_TYPE_BF16 && type != MIX_TYPE_F16) { return -1; }
    kernels()->weighted_sum(type, sources, weights, source_count, destination, count, accumulate);
    return 0;
}
