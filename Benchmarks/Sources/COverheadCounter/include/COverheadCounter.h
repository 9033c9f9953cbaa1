// Counts allocations and waits of the program that it is linked into: its malloc, syscall, sched_yield and so on come
// before the C library's.
#ifndef COVERHEADCOUNTER_H
#define COVERHEADCOUNTER_H

#include <stdint.h>

/// Calls of malloc, calloc, realloc, memalign, posix_memalign and aligned_alloc by any thread so far.
uint64_t overhead_allocations(void);

/// Futex operations (through `syscall`) and yields by any thread so far. The C library's own locks don't count.
uint64_t overhead_waits(void);

/// A system call that does nothing and that a trace shows: getpgid of OVERHEAD_BEGIN or OVERHEAD_END, which are no
/// processes. They mark what is counted.
void overhead_mark_begin(void);
void overhead_mark_end(void);

// Above the largest process id that Linux gives.
#define OVERHEAD_BEGIN 1835628001
#define OVERHEAD_END 1835628002

#endif
