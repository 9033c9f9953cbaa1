// mix_copy with non-temporal stores, on the vectors of the including file (see reduce_body.h).

static void copy(void *destination, const void *source, size_t bytes, int stream) {
    if (bytes == 0) { return; }
    if (!HAS_STREAMING || !stream) {
        memcpy(destination, source, bytes);
        return;
    }
    uint8_t *to = destination;
    const uint8_t *from = source;
    size_t at = -(uintptr_t)to % VECTOR_BYTES;
    if (at > bytes) { at = bytes; }
    memcpy(to, from, at);
    for (; bytes - at >= 4 * VECTOR_BYTES; at += 4 * VECTOR_BYTES) {
        vector a = vector_load(from + at);
        vector b = vector_load(from + at + VECTOR_BYTES);
        vector c = vector_load(from + at + 2 * VECTOR_BYTES);
        vector d = vector_load(from + at + 3 * VECTOR_BYTES);
        vector_stream(to + at, a);
        vector_stream(to + at + VECTOR_BYTES, b);
        vector_stream(to + at + 2 * VECTOR_BYTES, c);
        vector_stream(to + at + 3 * VECTOR_BYTES, d);
    }
    memcpy(to + at, from + at, bytes - at);
    vector_fence();
}
