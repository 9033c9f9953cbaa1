// A team of threads. Work is announced by a number that grows; members look at it for a while, then sleep on it.
#define _GNU_SOURCE
#include "CMixProducts.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

// Two lines, because the adjacent-line prefetcher of x86 moves lines in pairs.
#define LINE 128

/// A word that is waited for, on lines of its own.
typedef struct {
    _Alignas(LINE) uint32_t value;
    uint32_t sleepers;
} word;

struct mix_team {
    /// How many times work was begun; the least bit of `ending` says that none will be.
    word begun;
    /// How many barriers were passed, and how many members wait at the next one.
    word passed;
    _Alignas(LINE) uint32_t waiting;
    _Alignas(LINE) mix_team_work work;
    void *context;
    uint32_t members;
    uint32_t ending;
    uint32_t spins;
    uint32_t made;
    pthread_t threads[];
};

typedef struct {
    mix_team *team;
    uint32_t member;
} seat;

static void pause_a_little(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

/// Waits until the word is no longer `value`.
static void wait_for_change(word *w, uint32_t value, uint32_t spins) {
    for (uint32_t i = 0; i < spins; i++) {
        if (__atomic_load_n(&w->value, __ATOMIC_ACQUIRE) != value) { return; }
        pause_a_little();
    }
    // Counts itself first, then looks again: whoever changes the word looks for sleepers afterwards.
    __atomic_add_fetch(&w->sleepers, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&w->value, __ATOMIC_SEQ_CST) == value) {
#if defined(__linux__)
        syscall(SYS_futex, &w->value, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
#else
        sched_yield();
#endif
    }
    __atomic_sub_fetch(&w->sleepers, 1, __ATOMIC_RELAXED);
}

static void change(word *w) {
    __atomic_add_fetch(&w->value, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&w->sleepers, __ATOMIC_SEQ_CST) == 0) { return; }
#if defined(__linux__)
    syscall(SYS_futex, &w->value, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
#endif
}

void mix_team_barrier(mix_team *team) {
    uint32_t passed = __atomic_load_n(&team->passed.value, __ATOMIC_RELAXED);
    if (__atomic_add_fetch(&team->waiting, 1, __ATOMIC_ACQ_REL) == team->members) {
        __atomic_store_n(&team->waiting, 0, __ATOMIC_RELAXED);
        change(&team->passed);
    } else {
        wait_for_change(&team->passed, passed, team->spins);
    }
}

static void *run_member(void *argument) {
    seat own = *(seat *)argument;
    free(argument);
    mix_team *team = own.team;
    for (uint32_t begun = 0;; begun++) {
        wait_for_change(&team->begun, begun, team->spins);
        if (team->ending) { return NULL; }
        team->work(team->context, own.member);
        mix_team_barrier(team);
    }
}

mix_team *mix_team_make(uint32_t members) {
    size_t bytes = sizeof(mix_team) + members * sizeof(pthread_t);
    mix_team *team = aligned_alloc(LINE, (bytes + LINE - 1) / LINE * LINE);
    if (team == NULL) { return NULL; }
    *team = (mix_team){.members = members};
    // About 100 µs; none where members outnumber the processors that they may run on.
    team->spins = 2000;
#if defined(__linux__)
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0 && (uint32_t)CPU_COUNT(&allowed) < members) {
        team->spins = 0;
    }
#endif
    for (uint32_t member = 1; member < members; member++) {
        seat *own = malloc(sizeof *own);
        int error = own == NULL ? ENOMEM : 0;
        if (own != NULL) {
            *own = (seat){team, member};
            error = pthread_create(&team->threads[member - 1], NULL, run_member, own);
        }
        if (error != 0) {
            free(own);
            mix_team_free(team);
            errno = error;
            return NULL;
        }
        team->made++;
    }
    return team;
}

uint32_t mix_team_members(const mix_team *team) { return team->members; }

void mix_team_run(mix_team *team, mix_team_work work, void *context) {
    team->work = work;
    team->context = context;
    change(&team->begun);
    work(context, 0);
    mix_team_barrier(team);
}

void mix_team_free(mix_team *team) {
    team->ending = 1;
    change(&team->begun);
    for (uint32_t i = 0; i < team->made; i++) { pthread_join(team->threads[i], NULL); }
    free(team);
}
