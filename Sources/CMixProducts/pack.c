// From the order of a checkpoint to panels.
#include "products_internal.h"

static const uint8_t size_of[] = {4, 2, 2, 1};

mix_packed_matrix mix_packed_form(
    const mix_stored_matrix *stored, mix_weights type, size_t inputs, size_t panels) {
    mix_packed_matrix matrix = {
        .type = type, .inputs = inputs, .panels = panels, .block = MIX_SEGMENT, .offset = 0};
    if (type == MIX_WEIGHTS_F8E4M3 && stored->scales != NULL) {
        matrix.block = stored->block;
        matrix.offset = stored->first_column % stored->block;
    }
    size_t segments = inputs == 0 ? 0 : mix_segment_count(&matrix);
    for (size_t i = 0; i < segments; i++) {
        matrix.panel_bytes += mix_scale_bytes(matrix.type) + mix_segment_at(&matrix, i).pairs * mix_pair_bytes(matrix.type);
    }
    return matrix;
}

static float scale_at(const mix_stored_matrix *stored, size_t row, size_t column) {
    if (stored->scales == NULL) { return 1; }
    size_t at = (stored->first_row + row) / stored->block * stored->scale_stride
        + (stored->first_column + column) / stored->block;
    return stored->scales_are_bf16 ? mix_bf16_to_f32(((const uint16_t *)stored->scales)[at])
                                   : ((const float *)stored->scales)[at];
}

/// Pairs that lie side by side in the checkpoint, too: an element of twice the size, whose alignment is not known.
#define PACK_WHOLE_PAIRS(NAME, PAIR)                                                                                   \
    static void NAME(                                                                                                  \
        uint8_t *to, const uint8_t *from, size_t row_bytes, size_t rows, size_t pairs) {                               \
        enum { together = 64 / sizeof(PAIR) };                                                                         \
        for (size_t first = 0; first < pairs; first += together) {                                                     \
            size_t end = mix_least(pairs, first + together);                                                           \
            for (size_t row = 0; row < rows; row++) {                                                                  \
                const uint8_t *source = from + row * row_bytes;                                                        \
                for (size_t pair = first; pair < end; pair++) {                                                        \
                    PAIR value;                                                                                        \
                    memcpy(&value, source + pair * sizeof value, sizeof value);                                        \
                    ((PAIR *)(void *)to)[pair * MIX_PANEL + row] = value;                                              \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }
PACK_WHOLE_PAIRS(pack_pairs_of_16_bits, uint32_t)
PACK_WHOLE_PAIRS(pack_pairs_of_8_bits, uint16_t)

/// Any strides, and pairs of which one is missing: `before` is 1 where the first pair's first input is.
#define PACK_ELEMENTS(NAME, ELEMENT, PLACE)                                                                            \
    static void NAME(                                                                                                  \
        uint8_t *to, const uint8_t *from, size_t row_bytes, size_t column_bytes, size_t rows, size_t columns,          \
        size_t before) {                                                                                               \
        ELEMENT *packed = (ELEMENT *)(void *)to;                                                                       \
        for (size_t first = 0; first < columns; first += 16) {                                                         \
            size_t end = mix_least(columns, first + 16);                                                               \
            for (size_t row = 0; row < rows; row++) {                                                                  \
                for (size_t column = first; column < end; column++) {                                                  \
                    size_t k = column + before;                                                                        \
                    memcpy(&packed[PLACE], from + row * row_bytes + column * column_bytes, sizeof(ELEMENT));           \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }
PACK_ELEMENTS(pack_32_bits, uint32_t, k * MIX_PANEL + row)
PACK_ELEMENTS(pack_16_bits, uint16_t, k / 2 * (2 * MIX_PANEL) + 2 * row + k % 2)
PACK_ELEMENTS(pack_8_bits, uint8_t, k / 2 * (2 * MIX_PANEL) + 2 * row + k % 2)

/// Wider weights, rounded to bfloat16.
static void round_to_bf16(
    uint16_t *packed, const uint8_t *from, mix_weights type, size_t row_bytes, size_t column_bytes, size_t rows,
    size_t columns) {
    for (size_t row = 0; row < rows; row++) {
        for (size_t k = 0; k < columns; k++) {
            const uint8_t *source = from + row * row_bytes + k * column_bytes;
            float value;
            if (type == MIX_WEIGHTS_F32) {
                memcpy(&value, source, sizeof value);
            } else {
                uint16_t bits;
                memcpy(&bits, source, sizeof bits);
                value = mix_f16_to_f32(bits);
            }
            packed[k / 2 * (2 * MIX_PANEL) + 2 * row + k % 2] = mix_f32_to_bf16(value);
        }
    }
}

void mix_pack(
    const mix_packed_matrix *matrix, size_t panel, size_t lane, const mix_stored_matrix *stored, size_t row, size_t rows) {
    size_t size = size_of[matrix->type], stored_size = size_of[stored->type];
    uint8_t *to = matrix->data + panel * matrix->panel_bytes;
    size_t segments = matrix->inputs == 0 ? 0 : mix_segment_count(matrix);
    for (size_t i = 0; i < segments; i++) {
        mix_segment s = mix_segment_at(matrix, i);
        if (matrix->type == MIX_WEIGHTS_F8E4M3) {
            for (size_t r = 0; r < rows; r++) { ((float *)(void *)to)[lane + r] = scale_at(stored, row + r, s.first_input); }
            to += MIX_PANEL * sizeof(float);
        }
        size_t row_bytes = stored->row_stride * stored_size, column_bytes = stored->column_stride * stored_size;
        const uint8_t *from = (const uint8_t *)stored->base + row * row_bytes + s.first_input * column_bytes;
        size_t columns = s.end_input - s.first_input, before = s.first_input % 2;
        int whole = stored->column_stride == 1 && before == 0 && columns % 2 == 0;
        uint8_t *lanes = to + lane * size * (size == 4 ? 1 : 2);
        if (matrix->type != stored->type) {
            round_to_bf16((uint16_t *)(void *)lanes, from, stored->type, row_bytes, column_bytes, rows, columns);
        } else if (size == 4) {
            pack_32_bits(lanes, from, row_bytes, column_bytes, rows, columns, before);
        } else if (size == 2 && whole) {
            pack_pairs_of_16_bits(lanes, from, row_bytes, rows, columns / 2);
        } else if (size == 2) {
            pack_16_bits(lanes, from, row_bytes, column_bytes, rows, columns, before);
        } else if (whole) {
            pack_pairs_of_8_bits(lanes, from, row_bytes, rows, columns / 2);
        } else {
            pack_8_bits(lanes, from, row_bytes, column_bytes, rows, columns, before);
        }
        to += s.pairs * mix_pair_bytes(matrix->type);
    }
}
