// What is done with the sums of a panel: loops that the compiler turns into vectors of the including file's instruction set.

/// e^x within 2 units in the last place; 0 and infinity stand for what float32 can't hold, NaN stays NaN.
MIX_INLINE float exponential(float x) {
    x = x > 88.7f ? 88.7f : x;
    x = x < -87.3f ? -87.3f : x;
    // x = n ln 2 + r with |r| ≤ ln 2 / 2, n by way of rounding at 1.5 · 2²³; ln 2 in two parts.
    float shifted = x * 1.44269504f + 12582912.0f;
    float n = shifted - 12582912.0f;
    float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.98756915e-4f;
    p = p * r + 1.39819995e-3f;
    p = p * r + 8.33345205e-3f;
    p = p * r + 4.16657962e-2f;
    p = p * r + 1.66666654e-1f;
    p = p * r + 0.5f;
    p = p * r * r + r + 1;
    return p * mix_float_of_bits((mix_bits_of_float(shifted) << 23) + 0x3f800000);
}

MIX_INLINE float silu(float gate, float up, float alpha, float limit) {
    (void)alpha;
    (void)limit;
    return gate / (1 + exponential(-gate)) * up;
}

MIX_INLINE float clamped_swiglu(float gate, float up, float alpha, float limit) {
    gate = gate > limit ? limit : gate;
    up = up > limit ? limit : up;
    up = up < -limit ? -limit : up;
    return (up + 1) * (gate / (1 + exponential(-alpha * gate)));
}

#define ACTIVATE_ROWS(FUNCTION)                                                                                        \
    for (size_t row = 0; row < rows; row++) {                                                                          \
        float result[MIX_PANEL / 2];                                                                                   \
        const float *sum = sums + row * MIX_PANEL;                                                                     \
        for (size_t i = 0; i < MIX_PANEL / 2; i++) {                                                                   \
            result[i] =                                                                                                \
                FUNCTION(sum[i] + bias[i], sum[i + MIX_PANEL / 2] + bias[i + MIX_PANEL / 2], alpha, limit);            \
        }                                                                                                              \
        store_row(result, MIX_PANEL / 2, type, (uint8_t *)y + row * stride);                                           \
    }

MIX_INLINE void store_row(const float *values, size_t count, mix_operand type, void *y) {
    if (type == MIX_OPERAND_F32) {
        memcpy(y, values, count * sizeof(float));
    } else {
        uint16_t *rounded = y;
        for (size_t i = 0; i < count; i++) { rounded[i] = mix_f32_to_bf16(values[i]); }
    }
}

static const float no_bias[MIX_PANEL];

static void activate(
    const mix_activation_form *activation, const float *sums, size_t rows, const float *bias, mix_operand type, void *y,
    size_t stride) {
    float alpha = activation->alpha, limit = activation->limit;
    if (bias == NULL) { bias = no_bias; }
    switch (activation->kind) {
    case MIX_ACTIVATION_SILU: ACTIVATE_ROWS(silu) break;
    case MIX_ACTIVATION_CLAMPED_SWIGLU: ACTIVATE_ROWS(clamped_swiglu) break;
    }
}

static void store_sums(
    const float *sums, size_t rows, size_t lanes, const float *bias, mix_operand type, void *y, size_t stride) {
    if (bias == NULL) { bias = no_bias; }
    for (size_t row = 0; row < rows; row++) {
        float result[MIX_PANEL];
        for (size_t i = 0; i < MIX_PANEL; i++) { result[i] = sums[row * MIX_PANEL + i] + bias[i]; }
        if (lanes == MIX_PANEL) {
            store_row(result, MIX_PANEL, type, (uint8_t *)y + row * stride);
        } else {
            store_row(result, lanes, type, (uint8_t *)y + row * stride);
        }
    }
}
