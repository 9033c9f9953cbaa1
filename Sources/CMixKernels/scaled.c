// Eight-bit floats with a scale per block: conversions of the dispatch table, with a pass over each block for its scale.
#include "kernels_internal.h"

#include <math.h>

#define GREATEST_F8E4M3 448.0f

void mix_quantize_f8e4m3(uint8_t *destination, float *scales, const float *source, size_t count) {
    float block[MIX_SCALE_BLOCK];
    for (size_t first = 0; first < count; first += MIX_SCALE_BLOCK) {
        const size_t length = count - first < MIX_SCALE_BLOCK ? count - first : MIX_SCALE_BLOCK;
        float greatest = 0;
        for (size_t i = 0; i < length; i++) {
            const float magnitude = fabsf(source[first + i]);
            greatest = magnitude > greatest ? magnitude : greatest;
        }
        // Zeros need no scale, and infinities have none: they saturate.
        const float scale = greatest > 0 && greatest <= 0x1.fffffep127f ? greatest / GREATEST_F8E4M3 : 1;
        // A scale too small to divide by leaves denormal inputs to become zeros.
        const float inverse = scale >= 0x1p-126f ? 1 / scale : 0;
        for (size_t i = 0; i < length; i++) { block[i] = source[first + i] * inverse; }
        mix_convert_f32_to_f8e4m3(destination + first, block, length);
        scales[first / MIX_SCALE_BLOCK] = scale;
    }
}

void mix_dequantize_f8e4m3(float *destination, const uint8_t *source, const float *scales, size_t count) {
    for (size_t first = 0; first < count; first += MIX_SCALE_BLOCK) {
        const size_t length = count - first < MIX_SCALE_BLOCK ? count - first : MIX_SCALE_BLOCK;
        mix_convert_f8e4m3_to_f32(destination + first, source + first, length);
        const float scale = scales[first / MIX_SCALE_BLOCK];
        for (size_t i = 0; i < length; i++) { destination[first + i] *= scale; }
    }
}
