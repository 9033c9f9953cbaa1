// CMixProducts: products of packed weight matrices, y = x Wᵀ, and the team of threads that shares them out.
//
// A matrix is packed once into panels of MIX_PANEL outputs, in an order that one row and hundreds read alike: memory is
// read from the beginning of a panel to its end. One file per instruction set, one dispatch table (dispatch.c), generic.c
// is the oracle. Nothing here allocates after a team was made.
#ifndef CMIXPRODUCTS_H
#define CMIXPRODUCTS_H

#include <stddef.h>
#include <stdint.h>

// ---------------------------------------------------------------- packed matrices

/// Outputs of a panel.
#define MIX_PANEL 64

typedef enum {
    MIX_WEIGHTS_F32 = 0,
    MIX_WEIGHTS_F16 = 1,
    MIX_WEIGHTS_BF16 = 2,
    MIX_WEIGHTS_F8E4M3 = 3,  // with a float32 scale for each block of inputs of each output
} mix_weights;

/// What rows of x are made of, and the arithmetic: products of float32, or of bfloat16 summed in float32.
typedef enum {
    MIX_OPERAND_F32 = 0,
    MIX_OPERAND_BF16 = 1,
} mix_operand;

/// A matrix of weights where a checkpoint has it: element (row, column) lies at row * row_stride + column * column_stride.
typedef struct {
    const void *base;
    mix_weights type;
    size_t row_stride;
    size_t column_stride;
    /// Of F8E4M3: scales[(first_row + row) / block * scale_stride + (first_column + column) / block], NULL for 1.
    const void *scales;
    int scales_are_bf16;
    size_t scale_stride;
    size_t block;
    size_t first_row;
    size_t first_column;
} mix_stored_matrix;

/// A packed matrix: panel after panel; a panel is segment after segment; a segment is, for F8E4M3, MIX_PANEL scales, and
/// then for each pair of inputs the weights of MIX_PANEL outputs. Pairs of 16-bit and 8-bit weights lie side by side
/// (the order of bf16 dot products and of matrix units), the two of float32 one row of outputs after the other.
/// Segments end where scales change, or after MIX_SEGMENT inputs. What pads a pair or a panel is zero.
typedef struct {
    uint8_t *data;
    mix_weights type;
    size_t inputs;
    size_t panels;
    size_t panel_bytes;
    /// Inputs of a segment, and how many of the first segment's lie before input 0.
    size_t block;
    size_t offset;
} mix_packed_matrix;

#define MIX_SEGMENT 128

/// The form that `stored` has when it's packed as `type`, without data: `panels` panels of its first `inputs` columns. The
/// type is that of `stored`, or BF16 for float32 and float16 that are to be rounded.
mix_packed_matrix mix_packed_form(const mix_stored_matrix *stored, mix_weights type, size_t inputs, size_t panels);

/// Packs `stored` as outputs lane ..< lane + rows of a panel and inputs first_input ..< first_input + inputs, which are whole
/// segments. The panel's memory was zero or packed before in the same way.
void mix_pack(
    const mix_packed_matrix *matrix, size_t panel, size_t lane, const mix_stored_matrix *stored, size_t rows,
    size_t first_input, size_t inputs);

// ---------------------------------------------------------------- products

/// Bytes that mix_multiply needs besides, on a line of 64 bytes.
#define MIX_SCRATCH_BYTES (32 * 1024)

/// The arithmetic in which rows of bfloat16 are multiplied with such weights on this processor.
mix_operand mix_operand_for_bf16(mix_weights type);

/// sums[row][lane] = Σ x[row][input] · weight[lane of the panel][input]. Rows of x are `stride` bytes apart and have an even
/// number of inputs, the last a zero if the matrix has an odd one. A row's sums depend on no other row.
void mix_multiply(
    const mix_packed_matrix *matrix, size_t panel, mix_operand operand, const void *x, size_t stride, size_t rows,
    float *sums, void *scratch);

typedef enum {
    MIX_ACTIVATION_SILU = 0,           // up · gate · sigmoid(gate)
    MIX_ACTIVATION_CLAMPED_SWIGLU = 1, // gate clamped from above, up on both sides: (up + 1) · gate · sigmoid(alpha · gate)
} mix_activation;

typedef struct {
    mix_activation kind;
    float alpha;
    float limit;
} mix_activation_form;

/// Applies the activation to sums of panels whose first half is gate and whose second half is up, after adding
/// bias[MIX_PANEL] (NULL: none): MIX_PANEL / 2 elements to each row of y, which are `stride` bytes apart.
void mix_activate(
    const mix_activation_form *activation, const float *sums, size_t rows, const float *bias, mix_operand type, void *y,
    size_t stride);

/// y[row][lane] = sums[row][lane] + bias[lane] for `lanes` lanes; rows of y are `stride` bytes apart.
void mix_store_sums(
    const float *sums, size_t rows, size_t lanes, const float *bias, mix_operand type, void *y, size_t stride);

/// y = scale · x, converted; then zeros up to `padded` elements. `scale` rounds where x is bfloat16, as its own product would.
void mix_copy_row(
    mix_operand from, const void *x, mix_operand to, void *y, size_t count, size_t padded, const float *scale);

// ---------------------------------------------------------------- instruction sets

typedef enum {
    MIX_PRODUCTS_GENERIC = 0,
    MIX_PRODUCTS_AVX2 = 1,
    MIX_PRODUCTS_AVX512 = 2,
    MIX_PRODUCTS_AVX512_BF16 = 3,
    MIX_PRODUCTS_AMX = 4,
} mix_products_isa;

/// The instruction set in use: the best that this processor has, or what `MIX_PRODUCTS_ISA` names (`generic`, `avx2`,
/// `avx512`, `avx512bf16`, `amx`); a name that this processor can't run is ignored.
mix_products_isa mix_products_isa_current(void);

/// Makes the dispatch table use `isa`; 0 (and no change) when this processor can't run it. For tests.
int mix_products_isa_select(mix_products_isa isa);

const char *mix_products_isa_name(mix_products_isa isa);

// ---------------------------------------------------------------- a team of threads

/// Threads that do work together: the caller of mix_team_run is one of them. For one caller at a time.
typedef struct mix_team mix_team;

/// What a member does; members are numbered from 0, the caller.
typedef void (*mix_team_work)(void *context, uint32_t member);

/// A team of `members`; NULL (and errno) when it can't be made. Threads do not survive a fork: make it afterwards.
mix_team *mix_team_make(uint32_t members);
uint32_t mix_team_members(const mix_team *team);

/// Runs work(context, member) on every member and returns when all have returned.
void mix_team_run(mix_team *team, mix_team_work work, void *context);

/// Waits, inside of work, until every member has come here.
void mix_team_barrier(mix_team *team);

/// Ends the threads and waits for them.
void mix_team_free(mix_team *team);

/// Neighbouring pieces of work that one member does.
typedef struct {
    size_t first, count;
} mix_team_share;

/// The next pieces of `total`, none when all are taken. Several at once while many are left, because what lies side by side is
/// read faster by one member; few, so that one that is held up does not hold up the others.
static inline mix_team_share mix_team_take(size_t *next, size_t total, size_t members) {
    size_t first = __atomic_load_n(next, __ATOMIC_RELAXED);
    for (;;) {
        size_t count = first < total ? (total - first) / (4 * members) : 0;
        count = count > 8 ? 8 : count == 0 && first < total ? 1 : count;
        if (count == 0) { return (mix_team_share){total, 0}; }
        if (__atomic_compare_exchange_n(next, &first, first + count, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
            return (mix_team_share){first, count};
        }
    }
}

#endif
