// A matrix unit for bfloat16 (AMX), and AVX-512 for what it can't do or does no faster.
#define _GNU_SOURCE
#include "products_internal.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

int mix_amx_is_available(void) {
#if defined(__linux__)
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) { return 0; }
    const unsigned bf16 = 1u << 22, tiles = 1u << 24;
    if ((d & bf16) == 0 || (d & tiles) == 0) { return 0; }
    // The state of tiles is large, so the kernel wants to be asked first: ARCH_REQ_XCOMP_PERM for XTILEDATA.
    return syscall(SYS_arch_prctl, 0x1023, 18) == 0;
#else
    return 0;
#endif
}

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma,f16c,amx-tile,amx-bf16"))), \
    apply_to = function)

#include "avx512_bf16_body.h"

/// How tiles are shaped: 0 to 3 are sums, 4 and 5 rows of x, 6 and 7 weights.
typedef struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_shapes;

#define TILE_ROWS 16
#define TILE_PAIRS 16

/// Shapes for `upper` and `lower` rows of x, and `pairs` pairs of inputs.
MIX_INLINE void shape_tiles(size_t upper, size_t lower, size_t pairs) {
    tile_shapes s = {.palette = 1};
    const size_t rows[] = {upper, upper, lower, lower, upper, lower, pairs, pairs};
    for (int i = 0; i < 8; i++) {
        int is_x = i == 4 || i == 5;
        // A tile of no rows has no bytes either.
        s.rows[i] = (uint8_t)rows[i];
        s.row_bytes[i] = (uint16_t)(rows[i] == 0 ? 0 : is_x ? 4 * pairs : 64);
    }
    _tile_loadconfig(&s);
}

/// Adds to 32 columns of sums what up to 16 pairs of inputs at a time contribute, for 17 to 32 rows, or for up to 16.
#define ADD_PRODUCTS(HAS_LOWER)                                                                                        \
    for (size_t lane = 0; lane < MIX_PANEL; lane += 32) {                                                              \
        float *sum = sums + lane;                                                                                      \
        _tile_loadd(0, sum, 4 * MIX_PANEL);                                                                            \
        _tile_loadd(1, sum + 16, 4 * MIX_PANEL);                                                                       \
        if (HAS_LOWER) {                                                                                               \
            _tile_loadd(2, sum + TILE_ROWS * MIX_PANEL, 4 * MIX_PANEL);                                                \
            _tile_loadd(3, sum + TILE_ROWS * MIX_PANEL + 16, 4 * MIX_PANEL);                                           \
        }                                                                                                              \
        for (size_t pair = 0; pair < pairs; pair += TILE_PAIRS) {                                                      \
            const uint16_t *w = weights + pair * 2 * MIX_PANEL + 2 * lane;                                             \
            _tile_loadd(6, w, 4 * MIX_PANEL);                                                                          \
            _tile_loadd(7, w + 32, 4 * MIX_PANEL);                                                                     \
            _tile_loadd(4, x + 2 * pair, 2 * stride);                                                                  \
            _tile_dpbf16ps(0, 4, 6);                                                                                   \
            _tile_dpbf16ps(1, 4, 7);                                                                                   \
            if (HAS_LOWER) {                                                                                           \
                _tile_loadd(5, x + TILE_ROWS * stride + 2 * pair, 2 * stride);                                         \
                _tile_dpbf16ps(2, 5, 6);                                                                               \
                _tile_dpbf16ps(3, 5, 7);                                                                               \
            }                                                                                                          \
        }                                                                                                              \
        _tile_stored(0, sum, 4 * MIX_PANEL);                                                                           \
        _tile_stored(1, sum + 16, 4 * MIX_PANEL);                                                                      \
        if (HAS_LOWER) {                                                                                               \
            _tile_stored(2, sum + TILE_ROWS * MIX_PANEL, 4 * MIX_PANEL);                                               \
            _tile_stored(3, sum + TILE_ROWS * MIX_PANEL + 16, 4 * MIX_PANEL);                                          \
        }                                                                                                              \
    }

/// `pairs` is a multiple of TILE_PAIRS, or less than it.
MIX_INLINE void add_products(
    const uint16_t *weights, const uint16_t *x, size_t stride, size_t rows, size_t pairs, float *sums) {
    size_t shaped = 0;
    for (size_t row = 0; row < rows; row += 2 * TILE_ROWS, x += 2 * TILE_ROWS * stride, sums += 2 * TILE_ROWS * MIX_PANEL) {
        size_t some = mix_least(rows - row, 2 * TILE_ROWS);
        size_t upper = mix_least(some, TILE_ROWS), lower = some - upper;
        if (some != shaped) { shape_tiles(upper, lower, mix_least(pairs, TILE_PAIRS)); }
        shaped = some;
        if (lower > 0) {
            ADD_PRODUCTS(1)
        } else {
            ADD_PRODUCTS(0)
        }
    }
    _tile_release();
}

static void matrix_unit(BF16_PARAMETERS) {
    if (rows <= MIX_TILE_ROWS) {
        tile_bf16(weights, x, stride, rows, pairs, scales, sums, first, ahead);
        return;
    }
    for (size_t line = 0; line < pairs * ahead.step * ((rows + MIX_TILE_ROWS - 1) / MIX_TILE_ROWS); line += 64) {
        _mm_prefetch(ahead.at + line, _MM_HINT_T1);
    }
    for (size_t begun = 0; begun < rows; begun += 2 * TILE_ROWS) {
        size_t some = mix_least(rows - begun, 2 * TILE_ROWS);
        float part[2 * TILE_ROWS * MIX_PANEL];
        float *own = sums + begun * MIX_PANEL;
        // Scaled sums are made apart from those that they are added to.
        float *to = scales == NULL ? own : part;
        if (first || scales != NULL) { memset(to, 0, some * MIX_PANEL * sizeof *to); }
        size_t whole = pairs / TILE_PAIRS * TILE_PAIRS;
        const uint16_t *rows_of_x = x + begun * stride;
        if (whole > 0) { add_products(weights, rows_of_x, stride, some, whole, to); }
        if (whole < pairs) {
            add_products(
                (const uint16_t *)weights + whole * 2 * MIX_PANEL, rows_of_x + 2 * whole, stride, some, pairs - whole, to);
        }
        for (size_t i = 0; scales != NULL && i < some; i++) {
            for (size_t j = 0; j < 4; j++) {
                add_sums(_mm512_loadu_ps(part + i * MIX_PANEL + 16 * j), scales, own + i * MIX_PANEL + 16 * j, j, first);
            }
        }
    }
}

const mix_products mix_products_amx = {
    .isa = MIX_PRODUCTS_AMX,
    .tile_f32 = tile_f32,
    .tile_bf16 = matrix_unit,
    .few_f16_as_f32 = few_f16_as_f32,
    .few_bf16_as_f32 = few_bf16_as_f32,
    .few_f8e4m3_as_f32 = few_f8e4m3_as_f32,
    .few_f8e4m3_as_bf16 = few_f8e4m3_as_bf16,
    .widen_f16_to_f32 = widen_f16_to_f32,
    .widen_bf16_to_f32 = widen_bf16_to_f32,
    .widen_f8e4m3_to_f32 = widen_f8e4m3_to_f32,
    .widen_f8e4m3_to_bf16 = widen_f8e4m3_to_bf16,
    .activate = activate,
    .store_sums = store_sums,
};

#pragma clang attribute pop

#endif
