#define _GNU_SOURCE
#include "CMixSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

int mix_map_file(const char *path, const void **address, size_t *bytes) {
    *address = NULL;
    *bytes = 0;
    // Not blocking, so that a pipe in a file's place is refused below and not waited for.
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return -errno;
    struct stat status;
    int error = 0;
    if (fstat(file, &status) != 0) {
        error = -errno;
    } else if (!S_ISREG(status.st_mode)) {
        error = S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
    } else if (status.st_size > 0) {
        void *mapped = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, file, 0);
        if (mapped == MAP_FAILED) {
            error = -errno;
        } else {
            // Who wants to read a range says so; nothing around it comes along.
            madvise(mapped, (size_t)status.st_size, MADV_RANDOM);
            madvise(mapped, (size_t)status.st_size, MADV_DONTDUMP);
            *address = mapped;
            *bytes = (size_t)status.st_size;
        }
    }
    close(file);
    return error;
}

void mix_unmap_file(const void *address, size_t bytes) { munmap((void *)address, bytes); }

// The whole pages that a range touches.
static void advise_pages(const void *address, size_t bytes, int advice) {
    size_t page = mix_page_size();
    uintptr_t first = (uintptr_t)address & ~(page - 1);
    madvise((void *)first, (uintptr_t)address + bytes - first, advice);
}

void mix_will_read(const void *address, size_t bytes) {
    if (bytes == 0) return;
    // The first asks for what is not in memory in large pieces, the second enters all of it into the page table at once.
    advise_pages(address, bytes, MADV_WILLNEED);
    advise_pages(address, bytes, MADV_POPULATE_READ);
}

void mix_did_read(const void *address, size_t bytes) {
    if (bytes != 0) advise_pages(address, bytes, MADV_DONTNEED);
}

size_t mix_page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }
