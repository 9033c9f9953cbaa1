// AVX-512 F, BW, DQ and VL: float32 arithmetic.
#include "products_internal.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c"))), apply_to = function)

#include "avx512_body.h"

const mix_products mix_products_avx512 = {
    .isa = MIX_PRODUCTS_AVX512,
    .tile_f32 = tile_f32,
    .few_f16_as_f32 = few_f16_as_f32,
    .few_bf16_as_f32 = few_bf16_as_f32,
    .few_f8e4m3_as_f32 = few_f8e4m3_as_f32,
    .widen_f16_to_f32 = widen_f16_to_f32,
    .widen_bf16_to_f32 = widen_bf16_to_f32,
    .widen_f8e4m3_to_f32 = widen_f8e4m3_to_f32,
    .activate = activate,
    .store_sums = store_sums,
};

#pragma clang attribute pop

#endif
