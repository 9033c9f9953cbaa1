#define _GNU_SOURCE
#include "CMixSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// Of a range to be read, one page in so many bytes is looked at: asking the system to fetch what it has already would
// cost a quarter of reading it.
#define SAMPLE_BYTES ((size_t)1024 * 1024)

size_t mix_page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

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
        size_t size = (size_t)status.st_size;
        void *mapped = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
        if (mapped == MAP_FAILED) {
            error = -errno;
        } else {
            // Who wants to read a range says so (mix_will_read), and nothing around it comes along. Of a file that is
            // neither ours nor writable mincore tells nothing: there the system reads ahead as it thinks fit.
            if (status.st_uid == geteuid() || faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0) {
                madvise(mapped, size, MADV_RANDOM);
                posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM);
            }
            madvise(mapped, size, MADV_DONTDUMP);
            *address = mapped;
            *bytes = size;
        }
    }
    if (error != 0) close(file);
    return error != 0 ? error : file;
}

void mix_unmap_file(int file, const void *address, size_t bytes) {
    if (bytes != 0) munmap((void *)address, bytes);
    close(file);
}

int mix_read_file(int file, size_t offset, void *to, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        ssize_t count = pread(file, (char *)to + done, bytes - done, (off_t)(offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -errno;
        if (count == 0) return -ENODATA;
        done += (size_t)count;
    }
    return 0;
}

// The whole pages that a range touches.
static void advise_pages(const void *address, size_t bytes, int advice) {
    uintptr_t first = (uintptr_t)address & ~(mix_page_size() - 1);
    madvise((void *)first, (uintptr_t)address + bytes - first, advice);
}

static int is_in_memory(const void *address) {
    unsigned char state = 1;
    mincore((void *)((uintptr_t)address & ~(mix_page_size() - 1)), 1, &state);
    return state & 1;
}

void mix_will_read(const void *address, size_t bytes) {
    for (size_t offset = 0; offset < bytes; offset += SAMPLE_BYTES) {
        if (is_in_memory((const char *)address + offset)) continue;
        advise_pages((const char *)address + offset, bytes - offset, MADV_WILLNEED);
        return;
    }
}

void mix_did_read(const void *address, size_t bytes) {
    if (bytes != 0) advise_pages(address, bytes, MADV_DONTNEED);
}

void mix_open_standard_files(void) {
    for (int file = 0; file <= 2; file++) {
        // The lowest free descriptor is the one that is closed.
        if (fcntl(file, F_GETFD) == -1 && open("/dev/null", O_RDWR) != file) return;
    }
}
