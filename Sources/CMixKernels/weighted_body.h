// The weighted sum, the same operations in the same order for every instruction set: each file that includes this
// lets the compiler turn the loops over BLOCK elements into its vectors.

#define WEIGHTED_BLOCK 64

static void weighted_sum(
    mix_type type, const void *const *sources, const float *weights, size_t source_count, float *destination,
    size_t count, int accumulate) {
// A product rounded before it is added is what every instruction set has.
#pragma clang fp contract(off)
    for (size_t first = 0; first < count; first += WEIGHTED_BLOCK) {
        const size_t length = count - first < WEIGHTED_BLOCK ? count - first : WEIGHTED_BLOCK;
        float sum[WEIGHTED_BLOCK] = {0};
        float wide[WEIGHTED_BLOCK] = {0};
        if (accumulate) { memcpy(sum, destination + first, length * sizeof(float)); }
        for (size_t s = 0; s < source_count; s++) {
            const float weight = weights[s];
            const float *source = wide;
            switch (type) {
            case MIX_TYPE_BF16:
                convert_bf16_to_f32(wide, (const uint16_t *)sources[s] + first, length);
                break;
            case MIX_TYPE_F16:
                convert_f16_to_f32(wide, (const uint16_t *)sources[s] + first, length);
                break;
            default:
                source = (const float *)sources[s] + first;
                if (length < WEIGHTED_BLOCK) {
                    memcpy(wide, source, length * sizeof(float));
                    source = wide;
                }
            }
            for (size_t i = 0; i < WEIGHTED_BLOCK; i++) { sum[i] += weight * source[i]; }
        }
        memcpy(destination + first, sum, length * sizeof(float));
    }
}

#undef WEIGHTED_BLOCK
