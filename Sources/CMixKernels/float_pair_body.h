// 16-bit floats are reduced as two vectors of float32: included by an instruction set that has defined
// `floats`, that vector, and f32_add and its kin.

typedef struct {
    floats a, b;
} float_pair;

MIX_INLINE float_pair pair_add(float_pair x, float_pair y) {
    return (float_pair){f32_add(x.a, y.a), f32_add(x.b, y.b)};
}
MIX_INLINE float_pair pair_multiply(float_pair x, float_pair y) {
    return (float_pair){f32_multiply(x.a, y.a), f32_multiply(x.b, y.b)};
}
MIX_INLINE float_pair pair_minimum(float_pair x, float_pair y) {
    return (float_pair){f32_minimum(x.a, y.a), f32_minimum(x.b, y.b)};
}
MIX_INLINE float_pair pair_maximum(float_pair x, float_pair y) {
    return (float_pair){f32_maximum(x.a, y.a), f32_maximum(x.b, y.b)};
}
MIX_INLINE float_pair pair_divide(float_pair x, uint32_t divisor) {
    return (float_pair){f32_divide(x.a, divisor), f32_divide(x.b, divisor)};
}

typedef float_pair f16_accumulator;
#define f16_add pair_add
#define f16_multiply pair_multiply
#define f16_minimum pair_minimum
#define f16_maximum pair_maximum
#define f16_divide pair_divide

typedef float_pair bf16_accumulator;
#define bf16_add pair_add
#define bf16_multiply pair_multiply
#define bf16_minimum pair_minimum
#define bf16_maximum pair_maximum
#define bf16_divide pair_divide
