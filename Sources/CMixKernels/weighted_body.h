// The weighted sum, the same operations in the same order for every instruction set: each file that includes this
// lets the compiler turn its loops into vectors.

// Of up to four sources at a time, each with a load instruction of its own, which is what the processor's prefetcher
// goes by (as in reduce_body.h).
#define WEIGHTED_OF(name, terms)                                                                  \
    static void name(                                                                             \
        const void *const *sources, const float *weights, float *restrict destination, size_t count, int accumulate) { \
        _Pragma("clang fp contract(off)")                                                         \
        const float *x0 = sources[0];                                                             \
        const float *x1 = sources[terms > 1 ? 1 : 0];                                             \
        const float *x2 = sources[terms > 2 ? 2 : 0];                                             \
        const float *x3 = sources[terms > 3 ? 3 : 0];                                             \
        const float w0 = weights[0], w1 = weights[terms > 1 ? 1 : 0];                             \
        const float w2 = weights[terms > 2 ? 2 : 0], w3 = weights[terms > 3 ? 3 : 0];             \
        if (!accumulate) { memset(destination, 0, count * sizeof(float)); }                       \
        for (size_t i = 0; i < count; i++) {                                                      \
            float sum = destination[i] + w0 * x0[i];                                              \
            if (terms > 1) { sum += w1 * x1[i]; }                                                 \
            if (terms > 2) { sum += w2 * x2[i]; }                                                 \
            if (terms > 3) { sum += w3 * x3[i]; }                                                 \
            destination[i] = sum;                                                                 \
        }                                                                                         \
    }
WEIGHTED_OF(weighted_of_1, 1)
WEIGHTED_OF(weighted_of_2, 2)
WEIGHTED_OF(weighted_of_3, 3)
WEIGHTED_OF(weighted_of_4, 4)
#undef WEIGHTED_OF

static void weighted_of(
    const void *const *sources, const float *weights, size_t source_count, float *destination, size_t count,
    int accumulate) {
    if (source_count == 0 && !accumulate) { memset(destination, 0, count * sizeof(float)); }
    for (size_t s = 0; s < source_count; s += 4) {
        switch (source_count - s) {
        case 1:
            weighted_of_1(sources + s, weights + s, destination, count, accumulate);
            break;
        case 2:
            weighted_of_2(sources + s, weights + s, destination, count, accumulate);
            break;
        case 3:
            weighted_of_3(sources + s, weights + s, destination, count, accumulate);
            break;
        default:
            weighted_of_4(sources + s, weights + s, destination, count, accumulate);
        }
        accumulate = 1;
    }
}

#define WEIGHTED_BLOCK 512

static void weighted_sum(
    mix_type type, const void *const *sources, const float *weights, size_t source_count, float *destination,
    size_t count, int accumulate) {
    if (type == MIX_TYPE_F32 || source_count == 0) {
        weighted_of(sources, weights, source_count, destination, count, accumulate);
        return;
    }
    float wide[4][WEIGHTED_BLOCK];
    for (size_t first = 0; first < count; first += WEIGHTED_BLOCK) {
        const size_t length = count - first < WEIGHTED_BLOCK ? count - first : WEIGHTED_BLOCK;
        for (size_t s = 0; s < source_count; s += 4) {
            const size_t terms = source_count - s < 4 ? source_count - s : 4;
            const void *blocks[4];
            for (size_t t = 0; t < terms; t++) {
                const uint16_t *source = (const uint16_t *)sources[s + t] + first;
                if (type == MIX_TYPE_BF16) {
                    convert_bf16_to_f32(wide[t], source, length);
                } else {
                    convert_f16_to_f32(wide[t], source, length);
                }
                blocks[t] = wide[t];
            }
            weighted_of(blocks, weights + s, terms, destination + first, length, accumulate || s > 0);
        }
    }
}

#undef WEIGHTED_BLOCK
