// From the order of a checkpoint to panels.
#include "transpose.h"

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
    // In a file nothing is aligned.
    if (stored->scales_are_bf16) {
        uint16_t bits;
        memcpy(&bits, (const uint8_t *)stored->scales + at * sizeof bits, sizeof bits);
        return mix_bf16_to_f32(bits);
    }
    float scale;
    memcpy(&scale, (const uint8_t *)stored->scales + at * sizeof scale, sizeof scale);
    return scale;
}

/// to[element][row] = from[row][element]: pairs that lie side by side in the checkpoint, too, are elements of twice the
/// size, whose alignment is not known.
#define TRANSPOSE(NAME, ELEMENT)                                                                                       \
    static void NAME(                                                                                                  \
        uint8_t *to, const uint8_t *from, size_t row_bytes, size_t rows, size_t elements) {                            \
        enum { together = 64 / sizeof(ELEMENT) };                                                                      \
        for (size_t first = 0; first < elements; first += together) {                                                  \
            size_t end = mix_least(elements, first + together);                                                        \
            for (size_t row = 0; row < rows; row++) {                                                                  \
                const uint8_t *source = from + row * row_bytes;                                                        \
                for (size_t element = first; element < end; element++) {                                               \
                    ELEMENT value;                                                                                     \
                    memcpy(&value, source + element * sizeof value, sizeof value);                                     \
                    ((ELEMENT *)(void *)to)[element * MIX_PANEL + row] = value;                                        \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }
TRANSPOSE(transpose_32_generic, uint32_t)
TRANSPOSE(transpose_16_generic, uint16_t)

/// Whole squares by the instruction set, the borders by generic code.
#define TRANSPOSE_ALL(NAME, GENERIC, SQUARES, SIDE, SIZE)                                                              \
    static void NAME(uint8_t *to, const uint8_t *from, size_t row_bytes, size_t rows, size_t elements) {               \
        mix_transpose squares = SQUARES;                                                                               \
        size_t lines = (uintptr_t)to % 64 == 0 && squares != NULL ? rows / SIDE * SIDE : 0;                            \
        size_t columns = lines == 0 ? 0 : elements / SIDE * SIDE;                                                      \
        if (columns > 0) { squares(to, from, row_bytes, lines, columns); }                                             \
        GENERIC(to + columns * MIX_PANEL * SIZE, from + columns * SIZE, row_bytes, lines, elements - columns);         \
        GENERIC(to + lines * SIZE, from + lines * row_bytes, row_bytes, rows - lines, elements);                       \
    }

#if defined(__x86_64__)
#define SQUARES(OF_AVX512) (mix_products_isa_current() >= MIX_PRODUCTS_AVX512 ? (OF_AVX512) : NULL)
#else
#define SQUARES(OF_AVX512) NULL
#endif
TRANSPOSE_ALL(transpose_32, transpose_32_generic, SQUARES(mix_transpose_32_avx512), 16, 4)
TRANSPOSE_ALL(transpose_16, transpose_16_generic, SQUARES(mix_transpose_16_avx512), 32, 2)

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

/// Columns that lie in one piece, or every second element of one: outputs side by side as in a panel.
MIX_INLINE void interleave_16(
    uint8_t *to, const uint8_t *from, size_t step, size_t column_bytes, size_t rows, size_t pairs) {
    uint16_t *packed = (uint16_t *)(void *)to;
    for (size_t pair = 0; pair < pairs; pair++) {
        const uint8_t *even = from + 2 * pair * column_bytes, *odd = even + column_bytes;
        for (size_t row = 0; row < rows; row++) {
            memcpy(&packed[2 * row], even + row * step, sizeof *packed);
            memcpy(&packed[2 * row + 1], odd + row * step, sizeof *packed);
        }
        packed += 2 * MIX_PANEL;
    }
}

void mix_pack(
    const mix_packed_matrix *matrix, size_t panel, size_t lane, const mix_stored_matrix *stored, size_t rows,
    size_t first_input, size_t inputs) {
    size_t size = size_of[matrix->type], stored_size = size_of[stored->type];
    size_t row_bytes = stored->row_stride * stored_size, column_bytes = stored->column_stride * stored_size;
    uint8_t *to = matrix->data + panel * matrix->panel_bytes;
    size_t segments = matrix->inputs == 0 ? 0 : mix_segment_count(matrix);
    for (size_t i = 0; i < segments; i++) {
        mix_segment s = mix_segment_at(matrix, i);
        size_t bytes = s.pairs * mix_pair_bytes(matrix->type);
        if (s.first_input >= first_input + inputs) { break; }
        if (s.first_input < first_input) {
            to += mix_scale_bytes(matrix->type) + bytes;
            continue;
        }
        size_t column = s.first_input - first_input;
        if (matrix->type == MIX_WEIGHTS_F8E4M3) {
            for (size_t row = 0; row < rows; row++) { ((float *)(void *)to)[lane + row] = scale_at(stored, row, column); }
            to += MIX_PANEL * sizeof(float);
        }
        const uint8_t *from = (const uint8_t *)stored->base + column * column_bytes;
        size_t columns = s.end_input - s.first_input, before = s.first_input % 2;
        int has_pairs = before == 0 && columns % 2 == 0, lie_together = stored->column_stride == 1;
        uint8_t *lanes = to + lane * size * (size == 4 ? 1 : 2);
        if (matrix->type != stored->type) {
            round_to_bf16((uint16_t *)(void *)lanes, from, stored->type, row_bytes, column_bytes, rows, columns);
        } else if (size == 4 && lie_together) {
            transpose_32(lanes, from, row_bytes, rows, columns);
        } else if (size == 4) {
            pack_32_bits(lanes, from, row_bytes, column_bytes, rows, columns, before);
        } else if (size == 2 && lie_together && has_pairs) {
            transpose_32(lanes, from, row_bytes, rows, columns / 2);
        } else if (size == 2 && stored->row_stride == 1 && has_pairs) {
            interleave_16(lanes, from, 2, column_bytes, rows, columns / 2);
        } else if (size == 2 && stored->row_stride == 2 && has_pairs) {
            interleave_16(lanes, from, 4, column_bytes, rows, columns / 2);
        } else if (size == 2) {
            pack_16_bits(lanes, from, row_bytes, column_bytes, rows, columns, before);
        } else if (lie_together && has_pairs) {
            transpose_16(lanes, from, row_bytes, rows, columns / 2);
        } else {
            pack_8_bits(lanes, from, row_bytes, column_bytes, rows, columns, before);
        }
        to += bytes;
    }
#if defined(__x86_64__)
    __builtin_ia32_sfence();
#endif
}
