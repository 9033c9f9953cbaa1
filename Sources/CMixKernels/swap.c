#include "CMixKernels.h"

#include <string.h>

void mix_swap(void *first, void *second, size_t bytes) {
    enum { PART = 1024 };
    char *a = first, *b = second, kept[PART];
    while (bytes >= PART) {
        memcpy(kept, a, PART);
        memcpy(a, b, PART);
        memcpy(b, kept, PART);
        a += PART;
        b += PART;
        bytes -= PART;
    }
    memcpy(kept, a, bytes);
    memcpy(a, b, bytes);
    memcpy(b, kept, bytes);
}
