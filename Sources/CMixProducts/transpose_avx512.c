// Transposes in registers of 512 bits.
#if defined(__x86_64__)
#include "transpose.h"

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))

/// columns[c] = the 32-bit elements c of 16 rows.
TARGET MIX_INLINE void square_of_16(__m512i columns[16], const uint8_t *from, size_t row_bytes) {
    __m512i a[16], b[16];
    for (size_t i = 0; i < 16; i++) { a[i] = _mm512_loadu_si512(from + i * row_bytes); }
    for (size_t i = 0; i < 16; i += 2) {
        b[i] = _mm512_unpacklo_epi32(a[i], a[i + 1]);
        b[i + 1] = _mm512_unpackhi_epi32(a[i], a[i + 1]);
    }
    // Afterwards a[4g + c] has, of rows 4g to 4g + 3, element c of each quarter.
    for (size_t i = 0; i < 16; i += 4) {
        a[i] = _mm512_unpacklo_epi64(b[i], b[i + 2]);
        a[i + 1] = _mm512_unpackhi_epi64(b[i], b[i + 2]);
        a[i + 2] = _mm512_unpacklo_epi64(b[i + 1], b[i + 3]);
        a[i + 3] = _mm512_unpackhi_epi64(b[i + 1], b[i + 3]);
    }
    for (size_t c = 0; c < 4; c++) {
        __m512i even_low = _mm512_shuffle_i32x4(a[c], a[4 + c], 0x88), odd_low = _mm512_shuffle_i32x4(a[c], a[4 + c], 0xdd);
        __m512i even_high = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], 0x88);
        __m512i odd_high = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], 0xdd);
        columns[c] = _mm512_shuffle_i32x4(even_low, even_high, 0x88);
        columns[4 + c] = _mm512_shuffle_i32x4(odd_low, odd_high, 0x88);
        columns[8 + c] = _mm512_shuffle_i32x4(even_low, even_high, 0xdd);
        columns[12 + c] = _mm512_shuffle_i32x4(odd_low, odd_high, 0xdd);
    }
}

TARGET void mix_transpose_32_avx512(uint8_t *to, const uint8_t *from, size_t row_bytes, size_t rows, size_t elements) {
    for (size_t element = 0; element < elements; element += 16) {
        for (size_t row = 0; row < rows; row += 16) {
            __m512i columns[16];
            square_of_16(columns, from + row * row_bytes + element * 4, row_bytes);
            for (size_t c = 0; c < 16; c++) {
                _mm512_stream_si512((__m512i *)(void *)(to + ((element + c) * MIX_PANEL + row) * 4), columns[c]);
            }
        }
    }
}

/// Two elements at once, as one of 32 bits, which are parted at the end.
TARGET void mix_transpose_16_avx512(uint8_t *to, const uint8_t *from, size_t row_bytes, size_t rows, size_t elements) {
    uint16_t places[2][32];
    for (uint16_t i = 0; i < 32; i++) { places[0][i] = 2 * i, places[1][i] = (uint16_t)(2 * i + 1); }
    __m512i even = _mm512_loadu_si512(places[0]), odd = _mm512_loadu_si512(places[1]);
    for (size_t element = 0; element < elements; element += 32) {
        for (size_t row = 0; row < rows; row += 32) {
            __m512i low[16], high[16];
            const uint8_t *source = from + row * row_bytes + element * 2;
            square_of_16(low, source, row_bytes);
            square_of_16(high, source + 16 * row_bytes, row_bytes);
            for (size_t c = 0; c < 16; c++) {
                uint8_t *pair = to + ((element + 2 * c) * MIX_PANEL + row) * 2;
                _mm512_stream_si512((__m512i *)(void *)pair, _mm512_permutex2var_epi16(low[c], even, high[c]));
                _mm512_stream_si512(
                    (__m512i *)(void *)(pair + MIX_PANEL * 2), _mm512_permutex2var_epi16(low[c], odd, high[c]));
            }
        }
    }
}
#endif
