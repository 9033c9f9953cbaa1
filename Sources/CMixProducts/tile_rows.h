// Calls TILE(m, …) with a constant number of rows, so that the sums stay in registers: rows are shared out evenly among as
// few calls as possible. The including file defines TILE.
#define TILE_CASE(M)                                                                                                   \
    case M: TILE(M, weights, x + row * stride, stride, pairs, scales, sums + row * MIX_PANEL, first, ahead); break;

#define FOR_ROWS                                                                                                       \
    size_t calls = (rows + MIX_TILE_ROWS - 1) / MIX_TILE_ROWS;                                                         \
    for (size_t call = 0, row = 0; call < calls; call++) {                                                             \
        size_t m = (rows - row + calls - call - 1) / (calls - call);                                                   \
        switch (m) {                                                                                                   \
            TILE_CASE(1)                                                                                               \
            TILE_CASE(2)                                                                                               \
            TILE_CASE(3)                                                                                               \
            TILE_CASE(4)                                                                                               \
            TILE_CASE(5)                                                                                               \
            TILE_CASE(6)                                                                                               \
        }                                                                                                              \
        row += m;                                                                                                      \
        ahead.at += pairs * ahead.step;                                                                                \
    }

/// The same for at most MIX_FEW_ROWS rows.
#define FOR_FEW_ROWS                                                                                                   \
    size_t row = 0;                                                                                                    \
    switch (rows) {                                                                                                    \
        TILE_CASE(1)                                                                                                   \
        TILE_CASE(2)                                                                                                   \
        TILE_CASE(3)                                                                                                   \
        TILE_CASE(4)                                                                                                   \
    }
