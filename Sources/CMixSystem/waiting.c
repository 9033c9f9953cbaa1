#define _GNU_SOURCE
#include "CMixSystem.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void mix_futex_wait(uint32_t *word, uint32_t value, int64_t nanoseconds) {
    struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    syscall(SYS_futex, word, FUTEX_WAIT, value, &time, NULL, 0);
}

void mix_futex_wake(uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0); }

void mix_yield(void) { sched_yield(); }

void mix_rest(int milliseconds) { poll(NULL, 0, milliseconds); }

int64_t mix_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t mix_boot(void) {
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (!file) return 0;
    uint64_t hash = 0xcbf29ce484222325;
    for (int byte; (byte = fgetc(file)) != EOF;) hash = (hash ^ (uint8_t)byte) * 0x100000001b3;
    fclose(file);
    return (int64_t)hash;
}

int mix_processor_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return (int)sysconf(_SC_NPROCESSORS_ONLN);
    return CPU_COUNT(&set);
}

uint32_t mix_current_processor(void) { return (uint32_t)sched_getcpu(); }

void mix_processor_set(uint64_t set[MIX_PROCESSOR_WORDS]) {
    cpu_set_t processors;
    CPU_ZERO(&processors);
    sched_getaffinity(0, sizeof processors, &processors);
    for (int word = 0; word < MIX_PROCESSOR_WORDS; word++) {
        set[word] = 0;
        for (int bit = 0; bit < 64; bit++)
            if (CPU_ISSET(word * 64 + bit, &processors)) set[word] |= 1ull << bit;
    }
}

int mix_bind_to_processor(int index) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return -errno;
    for (int processor = 0; processor < CPU_SETSIZE; processor++) {
        if (!CPU_ISSET(processor, &set) || index-- > 0) continue;
        CPU_ZERO(&set);
        CPU_SET(processor, &set);
        return sched_setaffinity(0, sizeof set, &set) == 0 ? 0 : -errno;
    }
    return -EINVAL;
}

void mix_poll(const mix_poll_entry *entries, int count, int64_t nanoseconds) {
    struct pollfd few[64];
    if (count > 64) count = 64;  // the others are looked at when the time is up
    for (int i = 0; i < count; i++)
        few[i] = (struct pollfd){.fd = entries[i].file, .events = (short)(POLLIN | (entries[i].write ? POLLOUT : 0))};
    struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    ppoll(few, (nfds_t)count, &limit, NULL);
}
