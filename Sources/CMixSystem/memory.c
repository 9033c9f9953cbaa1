#define _GNU_SOURCE
#include "CMixSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

int mix_memory_file(const char *name, size_t bytes) {
    int file = memfd_create(name, MFD_CLOEXEC);
    if (file < 0) return -errno;
    if (ftruncate(file, (off_t)bytes) != 0) {
        int error = errno;
        close(file);
        return -error;
    }
    return file;
}

void *mix_map(int file, size_t bytes) {
    void *address = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
    if (address == MAP_FAILED) return NULL;
    // Both are wishes: huge pages come where shmem_enabled says "advise", and nobody wants this in a core file.
    madvise(address, bytes, MADV_HUGEPAGE);
    madvise(address, bytes, MADV_DONTDUMP);
    return address;
}

void mix_unmap(void *address, size_t bytes) { munmap(address, bytes); }

int mix_commit(int file, size_t offset, size_t bytes) {
    int result;
    do {
        result = fallocate(file, 0, (off_t)offset, (off_t)bytes);
    } while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : -errno;
}

void mix_populate(void *address, size_t bytes) { madvise(address, bytes, MADV_POPULATE_WRITE); }

int mix_decommit(int file, size_t offset, size_t bytes) {
    return fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)bytes) == 0 ? 0 : -errno;
}

static int64_t read_number(const char *path, const char *key) {
    FILE *file = fopen(path, "re");
    if (!file) return -1;
    char line[256];
    long long value = -1;
    size_t length = strlen(key);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, key, length) != 0) continue;
        char *end;
        value = strtoll(line + length, &end, 10);
        if (end == line + length) value = -1;
        break;
    }
    fclose(file);
    return value;
}

int64_t mix_available_memory(void) {
    int64_t kibibytes = read_number("/proc/meminfo", "MemAvailable:");
    if (kibibytes < 0) return -ENOENT;
    int64_t available = kibibytes * 1024;
    int64_t limit = read_number("/sys/fs/cgroup/memory.max", "");
    int64_t used = read_number("/sys/fs/cgroup/memory.current", "");
    // Pages of files count as used, and give way to whoever needs memory.
    for (const char *key = "active_file "; key; key = key[0] == 'a' ? "inactive_file " : NULL) {
        int64_t files = read_number("/sys/fs/cgroup/memory.stat", key);
        if (files > 0) used -= files;
    }
    if (limit > 0 && limit - used < available) available = limit > used ? limit - used : 0;
    return available;
}

size_t mix_physical_memory(void) { return (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE); }

uint32_t *mix_fork_witness(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *address = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == MAP_FAILED) return NULL;
    if (madvise(address, page, MADV_WIPEONFORK) != 0) {
        munmap(address, page);
        return NULL;
    }
    uint32_t *witness = address;
    *witness = 1;
    return witness;
}

void mix_fork_witness_release(uint32_t *witness) { munmap(witness, (size_t)sysconf(_SC_PAGESIZE)); }

int mix_liveness_mark(int file) {
    // A record lock belongs to the process: the kernel drops it at the end of the process and at no other time,
    // children do not inherit it, and asking for it needs neither a process id (which may be used again, or
    // belong to another namespace) nor a descriptor per peer beyond the one that is there.
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    return fcntl(file, F_SETLK, &lock) == 0 ? 0 : -errno;
}

int mix_liveness_check(int file) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    if (fcntl(file, F_GETLK, &lock) != 0) return -errno;
    return lock.l_type == F_UNLCK ? 0 : 1;
}
