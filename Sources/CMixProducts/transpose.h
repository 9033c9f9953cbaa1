// Squares of elements, turned over: what packing is made of.
#ifndef MIX_TRANSPOSE_H
#define MIX_TRANSPOSE_H

#include "products_internal.h"

/// to[element][row] = from[row][element], with MIX_PANEL rows from one element to the next. `to` is on a line of 64 bytes, and
/// rows and elements are whole squares. Writes past the caches, because
/// what is packed is more than they hold: a fence comes before others may read it.
typedef void (*mix_transpose)(uint8_t *to, const uint8_t *from, size_t row_bytes, size_t rows, size_t elements);

#if defined(__x86_64__)
/// Elements of 32 bits, squares of 16.
void mix_transpose_32_avx512(
    uint8_t *to, const uint8_t *from, size_t row_bytes, size_t rows, size_t elements) MIX_HIDDEN;
/// Elements of 16 bits, squares of 32.
void mix_transpose_16_avx512(
    uint8_t *to, const uint8_t *from, size_t row_bytes, size_t rows, size_t elements) MIX_HIDDEN;
#endif

#endif
