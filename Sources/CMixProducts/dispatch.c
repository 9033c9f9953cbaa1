// The dispatch table, chosen at the first use, and the products that are put together from its tiles.
#include "products_internal.h"

#include <stdatomic.h>
#include <stdlib.h>

static _Atomic(const mix_products *) current;

_Static_assert(MIX_SCRATCH_BYTES == MIX_SEGMENT * MIX_PANEL * sizeof(float), "scratch memory holds a segment");

static const char *const names[] = {"generic", "avx2", "avx512", "avx512bf16", "amx"};
enum { isa_count = sizeof names / sizeof *names };

/// The kernels of `isa`, or NULL when this processor can't run them.
static const mix_products *products_of(mix_products_isa isa) {
    if (isa == MIX_PRODUCTS_GENERIC) { return &mix_products_generic; }
#if defined(__x86_64__)
    __builtin_cpu_init();
    int has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    int has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    int has_bf16 = has_avx512 && __builtin_cpu_supports("avx512bf16");
    if (isa == MIX_PRODUCTS_AVX2 && has_avx2) { return &mix_products_avx2; }
    if (isa == MIX_PRODUCTS_AVX512 && has_avx512) { return &mix_products_avx512; }
    if (isa == MIX_PRODUCTS_AVX512_BF16 && has_bf16) { return &mix_products_avx512_bf16; }
    if (isa == MIX_PRODUCTS_AMX && has_bf16 && mix_amx_is_available()) { return &mix_products_amx; }
#endif
    return NULL;
}

static const mix_products *products_from_environment(void) {
    const char *name = getenv("MIX_PRODUCTS_ISA");
    for (int isa = 0; name != NULL && isa < isa_count; isa++) {
        if (strcmp(name, names[isa]) == 0) { return products_of((mix_products_isa)isa); }
    }
    return NULL;
}

static __attribute__((noinline, cold)) const mix_products *choose(void) {
    const mix_products *chosen = products_from_environment();
    for (int isa = isa_count - 1; chosen == NULL; isa--) { chosen = products_of((mix_products_isa)isa); }
    // Another thread may have been here, or in mix_products_isa_select, meanwhile: what it stored stands.
    const mix_products *expected = NULL;
    if (!atomic_compare_exchange_strong(&current, &expected, chosen)) { chosen = expected; }
    return chosen;
}

MIX_INLINE const mix_products *products(void) {
    const mix_products *chosen = atomic_load_explicit(&current, memory_order_acquire);
    return chosen != NULL ? chosen : choose();
}

mix_products_isa mix_products_isa_current(void) { return products()->isa; }

int mix_products_isa_select(mix_products_isa isa) {
    const mix_products *chosen = products_of(isa);
    if (chosen == NULL) { return 0; }
    atomic_store_explicit(&current, chosen, memory_order_release);
    return 1;
}

const char *mix_products_isa_name(mix_products_isa isa) { return names[isa]; }

mix_operand mix_operand_for_bf16(mix_weights type) {
    int has_products = products()->tile_bf16 != NULL && (type == MIX_WEIGHTS_BF16 || type == MIX_WEIGHTS_F8E4M3);
    return has_products ? MIX_OPERAND_BF16 : MIX_OPERAND_F32;
}

/// How weights of a type meet an operand: as they are packed, or widened to scratch memory before.
typedef struct {
    mix_tile_f32 tile_f32;
    mix_tile_bf16 tile_bf16;
    mix_widen widen;
} way;

static way way_for(const mix_products *chosen, mix_weights type, mix_operand operand, size_t rows) {
    int few = rows <= MIX_FEW_ROWS;
    if (operand == MIX_OPERAND_BF16) {
        if (type == MIX_WEIGHTS_BF16) { return (way){.tile_bf16 = chosen->tile_bf16}; }
        if (few && chosen->few_f8e4m3_as_bf16 != NULL) { return (way){.tile_bf16 = chosen->few_f8e4m3_as_bf16}; }
        return (way){.tile_bf16 = chosen->tile_bf16, .widen = chosen->widen_f8e4m3_to_bf16};
    }
    mix_tile_f32 direct = NULL;
    mix_widen widen = NULL;
    switch (type) {
    case MIX_WEIGHTS_F32: direct = chosen->tile_f32; break;
    case MIX_WEIGHTS_F16: direct = chosen->few_f16_as_f32, widen = chosen->widen_f16_to_f32; break;
    case MIX_WEIGHTS_BF16: direct = chosen->few_bf16_as_f32, widen = chosen->widen_bf16_to_f32; break;
    case MIX_WEIGHTS_F8E4M3: direct = chosen->few_f8e4m3_as_f32, widen = chosen->widen_f8e4m3_to_f32; break;
    }
    if (widen == NULL || (few && direct != NULL)) { return (way){.tile_f32 = direct}; }
    return (way){.tile_f32 = chosen->tile_f32, .widen = widen};
}

/// Shares `bytes` from `next` on out among the steps of a product of so many rows and pairs.
static mix_ahead ahead_of(const uint8_t *next, size_t bytes, size_t rows, size_t pairs) {
    size_t steps = pairs * ((rows + MIX_TILE_ROWS - 1) / MIX_TILE_ROWS), lines = bytes / 64;
    mix_ahead ahead = {(const char *)next, 64, 0, 0};
    if (steps < lines) { ahead = (mix_ahead){(const char *)next, 128, 64, 0}; }
    if (2 * steps < lines) { ahead = (mix_ahead){(const char *)next, 256, 64, 128}; }
    return ahead;
}

void mix_multiply(
    const mix_packed_matrix *matrix, size_t panel, mix_operand operand, const void *x, size_t stride, size_t rows,
    float *sums, void *scratch) {
    if (matrix->inputs == 0) {
        memset(sums, 0, rows * MIX_PANEL * sizeof *sums);
        return;
    }
    way chosen = way_for(products(), matrix->type, operand, rows);
    size_t scale_bytes = mix_scale_bytes(matrix->type), pair_bytes = mix_pair_bytes(matrix->type);
    const uint8_t *data = matrix->data + panel * matrix->panel_bytes;
    size_t segments = mix_segment_count(matrix);
    int first = 1;
    for (size_t i = 0; i < segments; i++) {
        mix_segment s = mix_segment_at(matrix, i);
        const float *scales = scale_bytes == 0 ? NULL : (const float *)(const void *)data;
        data += scale_bytes;
        // A block of scales may be longer than the scratch memory.
        for (size_t begun = 0; begun < s.pairs; begun += MIX_SEGMENT / 2) {
            size_t pairs = mix_least(s.pairs - begun, MIX_SEGMENT / 2);
            const void *weights = data;
            if (chosen.widen != NULL) {
                chosen.widen(data, scratch, pairs);
                weights = scratch;
            }
            data += pairs * pair_bytes;
            mix_ahead ahead = ahead_of(data, scale_bytes + pairs * pair_bytes, rows, pairs);
            size_t column = 2 * (s.first_pair + begun);
            if (operand == MIX_OPERAND_BF16) {
                const uint16_t *part = (const uint16_t *)x + column;
                chosen.tile_bf16(weights, part, stride / sizeof *part, rows, pairs, scales, sums, first, ahead);
            } else {
                const float *part = (const float *)x + column;
                chosen.tile_f32(weights, part, stride / sizeof *part, rows, pairs, scales, sums, first, ahead);
            }
            first = 0;
        }
    }
}

void mix_activate(
    const mix_activation_form *activation, const float *sums, size_t rows, const float *bias, mix_operand type, void *y,
    size_t stride) {
    products()->activate(activation, sums, rows, bias, type, y, stride);
}

void mix_store_sums(
    const float *sums, size_t rows, size_t lanes, const float *bias, mix_operand type, void *y, size_t stride) {
    products()->store_sums(sums, rows, lanes, bias, type, y, stride);
}

void mix_copy_row(
    mix_operand from, const void *x, mix_operand to, void *y, size_t count, size_t padded, const float *scale) {
    const float *wide = x;
    const uint16_t *narrow = x;
    float *wide_result = y;
    uint16_t *narrow_result = y;
    size_t size = to == MIX_OPERAND_F32 ? sizeof *wide_result : sizeof *narrow_result;
    if (scale == NULL && from == to) {
        memcpy(y, x, count * size);
    } else if (from == MIX_OPERAND_F32) {
        float factor = scale == NULL ? 1 : *scale;
        for (size_t i = 0; i < count; i++) {
            if (to == MIX_OPERAND_F32) {
                wide_result[i] = wide[i] * factor;
            } else {
                narrow_result[i] = mix_f32_to_bf16(wide[i] * factor);
            }
        }
    } else {
        for (size_t i = 0; i < count; i++) {
            float value = mix_bf16_to_f32(narrow[i]);
            if (scale == NULL) {
                wide_result[i] = value;
                continue;
            }
            uint16_t rounded = mix_f32_to_bf16(value * *scale);
            if (to == MIX_OPERAND_F32) {
                wide_result[i] = mix_bf16_to_f32(rounded);
            } else {
                narrow_result[i] = rounded;
            }
        }
    }
    memset((uint8_t *)y + count * size, 0, (padded - count) * size);
}
