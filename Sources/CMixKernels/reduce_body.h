// The five reductions of one type, on whichever vectors the including file has: included once per type,
// with TYPE (a token) and ELEMENT (a C type) defined; both are undefined again at the end.
//
// The including file gives `vector` (VECTOR_BYTES of payload), vector_load, vector_store,
// vector_load_part, vector_store_part (fewer bytes than a vector), vector_stream, vector_fence and
// HAS_STREAMING (0 or 1: whether these two are worth it); for the type TYPE_accumulator, TYPE_widen
// (vector to accumulator), TYPE_narrow, TYPE_add, TYPE_multiply, TYPE_minimum, TYPE_maximum and, where
// AVERAGE_IS_VECTOR, TYPE_divide. SUM_IS_HOT asks for loops of their own for sums of few sources.
//
// All offsets are in bytes. `reduction`, `width` and `streaming` are constants wherever these functions
// are inlined; they cost nothing.

#define OF(name) MIX_PASTE(TYPE, name)

#ifndef MIX_REDUCE_SHARED
#define MIX_REDUCE_SHARED
enum { UNROLL = 4, FEW_SOURCES = 8 };

/// How many bytes precede the first whole vector of every destination; `bytes` if it is not the same
/// for all, or not a whole number of elements: then no store can be non-temporal.
MIX_INLINE size_t head_before_streaming(
    void *const *destinations, size_t destination_count, size_t bytes, size_t element) {
    size_t head = -(uintptr_t)destinations[0] % VECTOR_BYTES;
    for (size_t d = 1; d < destination_count; d++) {
        if (-(uintptr_t)destinations[d] % VECTOR_BYTES != head) { return bytes; }
    }
    return head % element == 0 && head < bytes ? head : bytes;
}
#endif

MIX_INLINE OF(accumulator) OF(combine)(
    mix_reduction reduction, OF(accumulator) a, OF(accumulator) b) {
    switch (reduction) {
    case MIX_REDUCTION_PRODUCT:
        return OF(multiply)(a, b);
    case MIX_REDUCTION_MIN:
        return OF(minimum)(a, b);
    case MIX_REDUCTION_MAX:
        return OF(maximum)(a, b);
    default:
        return OF(add)(a, b);
    }
}

MIX_INLINE vector OF(finish)(mix_reduction reduction, OF(accumulator) total, uint32_t divisor) {
#ifdef AVERAGE_IS_VECTOR
    if (reduction == MIX_REDUCTION_AVERAGE) { total = OF(divide)(total, divisor); }
#else
    (void)reduction;
    (void)divisor;
#endif
    return OF(narrow)(total);
}

/// `width` vectors at the offset `at`: every source is read once, then every destination written.
MIX_INLINE void OF(block)(
    mix_reduction reduction, const void *const *sources, size_t source_count,
    void *const *destinations, size_t destination_count, size_t at, uint32_t divisor, int width,
    int streaming) {
    OF(accumulator) totals[UNROLL];
    const uint8_t *source = (const uint8_t *)sources[0] + at;
#pragma clang loop unroll(full)
    for (int v = 0; v < width; v++) {
        totals[v] = OF(widen)(vector_load(source + v * VECTOR_BYTES));
    }
    for (size_t s = 1; s < source_count; s++) {
        source = (const uint8_t *)sources[s] + at;
#pragma clang loop unroll(full)
        for (int v = 0; v < width; v++) {
            OF(accumulator) next = OF(widen)(vector_load(source + v * VECTOR_BYTES));
            totals[v] = OF(combine)(reduction, totals[v], next);
        }
    }
    vector results[UNROLL];
#pragma clang loop unroll(full)
    for (int v = 0; v < width; v++) { results[v] = OF(finish)(reduction, totals[v], divisor); }
    for (size_t d = 0; d < destination_count; d++) {
        uint8_t *destination = (uint8_t *)destinations[d] + at;
#pragma clang loop unroll(full)
        for (int v = 0; v < width; v++) {
            if (streaming) {
                vector_stream(destination + v * VECTOR_BYTES, results[v]);
            } else {
                vector_store(destination + v * VECTOR_BYTES, results[v]);
            }
        }
    }
}

/// Fewer bytes than a vector, at the offset `at`.
MIX_INLINE void OF(part)(
    mix_reduction reduction, const void *const *sources, size_t source_count,
    void *const *destinations, size_t destination_count, size_t at, size_t bytes,
    uint32_t divisor) {
    OF(accumulator) total =
        OF(widen)(vector_load_part((const uint8_t *)sources[0] + at, bytes));
    for (size_t s = 1; s < source_count; s++) {
        OF(accumulator) next =
            OF(widen)(vector_load_part((const uint8_t *)sources[s] + at, bytes));
        total = OF(combine)(reduction, total, next);
    }
    vector result = OF(finish)(reduction, total, divisor);
    for (size_t d = 0; d < destination_count; d++) {
        vector_store_part((uint8_t *)destinations[d] + at, result, bytes);
    }
}

/// Whole vectors from the offset `at`; the offset after them.
MIX_INLINE size_t OF(blocks)(
    mix_reduction reduction, const void *const *sources, size_t source_count,
    void *const *destinations, size_t destination_count, size_t at, size_t bytes, uint32_t divisor,
    int streaming) {
    for (; bytes - at >= UNROLL * VECTOR_BYTES; at += UNROLL * VECTOR_BYTES) {
        OF(block)(
            reduction, sources, source_count, destinations, destination_count, at, divisor, UNROLL,
            streaming);
    }
    for (; bytes - at >= VECTOR_BYTES; at += VECTOR_BYTES) {
        OF(block)(
            reduction, sources, source_count, destinations, destination_count, at, divisor, 1,
            streaming);
    }
    return at;
}

/// Everything from the offset `at`.
MIX_INLINE void OF(all)(
    mix_reduction reduction, const void *const *sources, size_t source_count,
    void *const *destinations, size_t destination_count, size_t at, size_t bytes,
    uint32_t divisor) {
    at = OF(blocks)(
        reduction, sources, source_count, destinations, destination_count, at, bytes, divisor, 0);
    if (at < bytes) {
        OF(part)(
            reduction, sources, source_count, destinations, destination_count, at, bytes - at,
            divisor);
    }
}

// Any number of sources and destinations, streaming or not.
#define REDUCE_FUNCTION(name, reduction)                                                      \
    static __attribute__((noinline)) int OF(name)(                                            \
        const void *const *sources, size_t source_count, void *const *destinations,           \
        size_t destination_count, size_t count, uint32_t divisor, int stream) {               \
        size_t bytes = count * sizeof(ELEMENT);                                               \
        size_t at = 0;                                                                        \
        if (HAS_STREAMING && MIX_UNLIKELY(stream)) {                                          \
            size_t head = head_before_streaming(                                              \
                destinations, destination_count, bytes, sizeof(ELEMENT));                     \
            if (head < bytes) {                                                               \
                if (head != 0) {                                                              \
                    OF(part)(                                                                 \
                        reduction, sources, source_count, destinations, destination_count, 0, \
                        head, divisor);                                                       \
                }                                                                             \
                at = OF(blocks)(                                                              \
                    reduction, sources, source_count, destinations, destination_count, head,  \
                    bytes, divisor, 1);                                                       \
                vector_fence();                                                               \
            }                                                                                 \
        }                                                                                     \
        OF(all)(                                                                              \
            reduction, sources, source_count, destinations, destination_count, at, bytes,     \
            divisor);                                                                         \
        return 0;                                                                             \
    }

#ifdef SUM_IS_HOT
REDUCE_FUNCTION(sum_of_any, MIX_REDUCTION_SUM)
#else
REDUCE_FUNCTION(sum, MIX_REDUCTION_SUM)
#endif
REDUCE_FUNCTION(product, MIX_REDUCTION_PRODUCT)
REDUCE_FUNCTION(min, MIX_REDUCTION_MIN)
REDUCE_FUNCTION(max, MIX_REDUCTION_MAX)
#ifdef AVERAGE_IS_VECTOR
REDUCE_FUNCTION(average, MIX_REDUCTION_AVERAGE)
#endif

#ifdef SUM_IS_HOT
/// Sums of few sources, whose number is a constant here. Then each source has a load instruction of its
/// own, which is what the processor's prefetcher goes by: from the second cache outwards, an inner loop
/// over the sources takes up to half as long again.
MIX_INLINE int OF(sum_of)(
    size_t source_count, const void *const *sources, void *const *destinations,
    size_t destination_count, size_t count) {
    const void *from[FEW_SOURCES];
#pragma clang loop unroll(full)
    for (size_t s = 0; s < source_count; s++) { from[s] = sources[s]; }
    OF(all)(
        MIX_REDUCTION_SUM, from, source_count, destinations, destination_count, 0,
        count * sizeof(ELEMENT), 1);
    return 0;
}

static __attribute__((noinline)) int OF(sum_of_2_to_1)(
    const void *const *sources, void *const *destinations, size_t count) {
    void *const to[1] = {destinations[0]};
    return OF(sum_of)(2, sources, to, 1, count);
}
static __attribute__((noinline)) int OF(sum_of_2_to_2)(
    const void *const *sources, void *const *destinations, size_t count) {
    void *const to[2] = {destinations[0], destinations[1]};
    return OF(sum_of)(2, sources, to, 2, count);
}
#define SUM_FUNCTION(constant)                                                                \
    static __attribute__((noinline)) int OF(sum_of_##constant)(                               \
        const void *const *sources, void *const *destinations, size_t destination_count,      \
        size_t count) {                                                                       \
        return OF(sum_of)(constant, sources, destinations, destination_count, count);         \
    }
SUM_FUNCTION(2)
SUM_FUNCTION(3)
SUM_FUNCTION(4)
SUM_FUNCTION(5)
SUM_FUNCTION(6)
SUM_FUNCTION(7)
SUM_FUNCTION(8)
#undef SUM_FUNCTION

static int OF(sum)(
    const void *const *sources, size_t source_count, void *const *destinations,
    size_t destination_count, size_t count, uint32_t divisor, int stream) {
    if (MIX_LIKELY(!stream)) {
        if (MIX_LIKELY(source_count == 2)) {
            if (destination_count == 1) { return OF(sum_of_2_to_1)(sources, destinations, count); }
            if (destination_count == 2) { return OF(sum_of_2_to_2)(sources, destinations, count); }
        }
        switch (source_count) {
        case 2:
            return OF(sum_of_2)(sources, destinations, destination_count, count);
        case 3:
            return OF(sum_of_3)(sources, destinations, destination_count, count);
        case 4:
            return OF(sum_of_4)(sources, destinations, destination_count, count);
        case 5:
            return OF(sum_of_5)(sources, destinations, destination_count, count);
        case 6:
            return OF(sum_of_6)(sources, destinations, destination_count, count);
        case 7:
            return OF(sum_of_7)(sources, destinations, destination_count, count);
        case 8:
            return OF(sum_of_8)(sources, destinations, destination_count, count);
        default:
            break;
        }
    }
    return OF(sum_of_any)(
        sources, source_count, destinations, destination_count, count, divisor, stream);
}
#endif

#undef REDUCE_FUNCTION
#undef OF
#undef TYPE
#undef ELEMENT
