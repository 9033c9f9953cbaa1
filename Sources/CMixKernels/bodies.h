// Everything an instruction set has to offer, made from its vectors: included once per such file, which
// has defined what reduce_body.h asks for, LANES (float32 in a vector), convert functions
// (f32_of_bf16, bf16_of_f32, …), TABLE and ISA.

#define AVERAGE_IS_VECTOR
#define SUM_IS_HOT
#define TYPE f32
#define ELEMENT float
#include "reduce_body.h"
#define TYPE f16
#define ELEMENT uint16_t
#include "reduce_body.h"
#define TYPE bf16
#define ELEMENT uint16_t
#include "reduce_body.h"
#undef SUM_IS_HOT
#define TYPE f64
#define ELEMENT double
#include "reduce_body.h"
#undef AVERAGE_IS_VECTOR
#define TYPE i8
#define ELEMENT int8_t
#include "reduce_body.h"
#define TYPE i32
#define ELEMENT int32_t
#include "reduce_body.h"
#define TYPE i64
#define ELEMENT int64_t
#include "reduce_body.h"
#define TYPE u8
#define ELEMENT uint8_t
#include "reduce_body.h"

#define NAME convert_bf16_to_f32
#define FROM uint16_t
#define TO float
#define CONVERT f32_of_bf16
#include "convert_body.h"
#define NAME convert_f32_to_bf16
#define FROM float
#define TO uint16_t
#define CONVERT bf16_of_f32
#include "convert_body.h"
#define NAME convert_f16_to_f32
#define FROM uint16_t
#define TO float
#define CONVERT f32_of_f16
#include "convert_body.h"
#define NAME convert_f32_to_f16
#define FROM float
#define TO uint16_t
#define CONVERT f16_of_f32
#include "convert_body.h"
#define NAME convert_f8e4m3_to_f32
#define FROM uint8_t
#define TO float
#define CONVERT f32_of_f8e4m3
#include "convert_body.h"
#define NAME convert_f32_to_f8e4m3
#define FROM float
#define TO uint8_t
#define CONVERT f8e4m3_of_f32
#include "convert_body.h"

#include "copy_body.h"
#define FLOATS(type) {type##_sum, type##_product, type##_min, type##_max, type##_average}
#define INTEGERS(type) \
    {type##_sum, type##_product, type##_min, type##_max, mix_generic_average_##type}

#include "weighted_body.h"

const mix_kernels TABLE = {
    .isa = ISA,
    .reduce =
        {
            [MIX_TYPE_F32] = FLOATS(f32),
            [MIX_TYPE_F64] = FLOATS(f64),
            [MIX_TYPE_F16] = FLOATS(f16),
            [MIX_TYPE_BF16] = FLOATS(bf16),
            [MIX_TYPE_I8] = INTEGERS(i8),
            [MIX_TYPE_I32] = INTEGERS(i32),
            [MIX_TYPE_I64] = INTEGERS(i64),
            [MIX_TYPE_U8] = INTEGERS(u8),
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
