#define _GNU_SOURCE
#include "COverheadCounter.h"

#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#if !defined(__GLIBC__)
#error "allocations and waits are counted on glibc only"
#endif

// Relaxed: a count is read when the threads that it counts are at rest.
static uint64_t allocations;
static uint64_t waits;

static void add(uint64_t *count) { __atomic_fetch_add(count, 1, __ATOMIC_RELAXED); }

uint64_t overhead_allocations(void) { return __atomic_load_n(&allocations, __ATOMIC_RELAXED); }
uint64_t overhead_waits(void) { return __atomic_load_n(&waits, __ATOMIC_RELAXED); }

void overhead_mark_begin(void) { syscall(SYS_getpgid, OVERHEAD_BEGIN); }
void overhead_mark_end(void) { syscall(SYS_getpgid, OVERHEAD_END); }

// ---------------------------------------------------------------- waits

typedef long (*syscall_function)(long, ...);
typedef int (*yield_function)(void);
static syscall_function real_syscall;
static yield_function real_yield;

static void *next(const char *name) {
    void *symbol = dlsym(RTLD_NEXT, name);
    if (!symbol) abort();
    return symbol;
}

// Looked up before main, so that no counted call has to.
__attribute__((constructor)) static void look_up(void) {
    real_syscall = (syscall_function)next("syscall");
    real_yield = (yield_function)next("sched_yield");
}

long syscall(long number, ...) {
    if (!real_syscall) look_up();
    if (number == SYS_futex) add(&waits);
    // As the C library does: always six, because which of them mean something depends on the number.
    va_list list;
    va_start(list, number);
    long a[6];
    for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
    va_end(list);
    return real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int sched_yield(void) {
    if (!real_yield) look_up();
    add(&waits);
    return real_yield();
}

// ---------------------------------------------------------------- allocations

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
    add(&allocations);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    add(&allocations);
    return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
    add(&allocations);
    return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
    add(&allocations);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (alignment == 0 || alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
    void *result = memalign(alignment, size);
    if (!result) return ENOMEM;
    *memory = result;
    return 0;
}
