// CMixSystem: what Linux offers and Swift can't say, and the layouts that processes share.
//
// Every function that can fail returns a negative errno. Atomic accesses are inline functions over plain
// fields, because Swift does not import `_Atomic`; each names its ordering.
#ifndef CMIXSYSTEM_H
#define CMIXSYSTEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// ---------------------------------------------------------------- layouts in shared memory

// Two lines, because the adjacent-line prefetcher of x86 moves lines in pairs.
#define MIX_LINE 128

#define MIX_INLINE_BYTES 40
#define MIX_SLOTS 2
#define MIX_SLOT_BYTES (256 * 1024)
#define MIX_HOST_BYTES 64

// What a rank says when it enters an operation: one cache line, written by that rank alone. `word` goes last:
// it holds the low half of the sequence number and what all ranks must agree on, so that one comparison tells
// both that the rank has come and that it came for the same thing.
typedef struct {
    uint64_t word;
    uint64_t count;
    uint32_t root;
    uint32_t flags;
    uint8_t payload[MIX_INLINE_BYTES];
} mix_header;

// Room on both sides so that two headers never share a line pair.
typedef struct {
    mix_header header;
    uint8_t padding[MIX_LINE - sizeof(mix_header)];
} mix_padded_header;

typedef struct {
    uint64_t value;
    uint8_t padding[MIX_LINE - sizeof(uint64_t)];
} mix_padded_word;

// Why a communicator is of no more use. The first writer wins: `state` goes 0 → 1 (being written) → 2.
typedef struct {
    uint32_t state;
    uint32_t code;
    int32_t rank;
    uint32_t operation;
    uint64_t sequence;
    char host[MIX_HOST_BYTES];
    char message[360];
} mix_failure;

// One member of a communicator, in that rank's own heap; peers have it mapped. Behind it, page aligned, lie the
// slots' data (MIX_SLOTS × MIX_SLOT_BYTES) and one channel per member.
typedef struct {
    mix_padded_header header[MIX_SLOTS];
    mix_padded_word progress;  // sequence << 32 | signals given in that operation
    mix_padded_word left;      // 1 when the rank closed the communicator
    mix_padded_word released;  // how many members need this block no more; they count themselves
    mix_failure failure;
    uint8_t padding[MIX_LINE - sizeof(mix_failure) % MIX_LINE];
} mix_member;

// At the start of every rank's heap, once per process and rank.
typedef struct {
    uint32_t doorbell;  // futex: changes when somebody wakes this rank
    uint32_t sleepers;  // how many threads of this rank sleep on it
    uint32_t processor; // where this rank last ran
    uint8_t padding[MIX_LINE - 12];
    char host[MIX_HOST_BYTES];
    int64_t process;
} mix_rank_root;

// A stream of bytes from one rank to another, in the sender's heap: `produced` is the sender's, `consumed` the receiver's.
#define MIX_CHANNEL_BYTES (64 * 1024)
typedef struct {
    mix_padded_word produced;
    mix_padded_word consumed;
    uint8_t bytes[MIX_CHANNEL_BYTES];
} mix_channel;

// ---------------------------------------------------------------- atomics on shared words

static inline uint64_t mix_load_acquire_u64(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline uint32_t mix_load_acquire_u32(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline void mix_store_release_u64(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }

// Publishes, and orders the store before the later look at whether somebody sleeps. On x86 one locked instruction,
// cheaper than a store and a fence.
static inline void mix_publish_u64(uint64_t *word, uint64_t value) { (void)__atomic_exchange_n(word, value, __ATOMIC_SEQ_CST); }
static inline uint32_t mix_add_u32(uint32_t *word, uint32_t value) { return __atomic_add_fetch(word, value, __ATOMIC_SEQ_CST); }
static inline int mix_compare_exchange_u32(uint32_t *word, uint32_t expected, uint32_t desired) {
    return __atomic_compare_exchange_n(word, &expected, desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static inline void mix_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

// Spins until the word is `value`, at most `spins` times; 1 when it is.
static inline int mix_spin_until_equal(const uint64_t *word, uint64_t value, uint32_t spins) {
    for (uint32_t i = 0; i < spins; i++) {
        if (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value) return 1;
        mix_pause();
    }
    return __atomic_load_n(word, __ATOMIC_ACQUIRE) == value;
}

// ---------------------------------------------------------------- waiting

// Sleeps while *word == value, at most `nanoseconds`.
void mix_futex_wait(uint32_t *word, uint32_t value, int64_t nanoseconds);
void mix_futex_wake(uint32_t *word);
void mix_yield(void);
// Lets that many milliseconds pass.
void mix_rest(int milliseconds);
// Waits until one of the descriptors is readable (or writable, where asked for), at most so many nanoseconds.
typedef struct {
    int file;
    int write;
} mix_poll_entry;
void mix_poll(const mix_poll_entry *entries, int count, int64_t nanoseconds);
// CLOCK_MONOTONIC, in nanoseconds.
int64_t mix_now(void);

// A number of the running kernel, whose processes share that clock; 0 when unknown.
int64_t mix_boot(void);
// Processors that this process may run on.
int mix_processor_count(void);
// Binds the calling thread to one of the processors that it may run on, by index; 0 or a negative errno.
int mix_bind_to_processor(int index);

// A rank sleeps on its own doorbell, whatever it waits for. It counts itself among the sleepers, looks once more,
// and sleeps; whoever publishes something looks for sleepers afterwards (mix_publish_u64 and mix_add_u32 order the two).
static inline uint32_t mix_doorbell(const mix_rank_root *root) { return __atomic_load_n(&root->doorbell, __ATOMIC_ACQUIRE); }
static inline void mix_fall_asleep(mix_rank_root *root) {
    (void)__atomic_add_fetch(&root->sleepers, 1, __ATOMIC_SEQ_CST);
    // Only on x86 is the locked instruction a fence by itself; ARM may look before it counts.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
static inline void mix_wake_up(mix_rank_root *root) { (void)__atomic_sub_fetch(&root->sleepers, 1, __ATOMIC_RELAXED); }
static inline int mix_is_asleep(const mix_rank_root *root) { return __atomic_load_n(&root->sleepers, __ATOMIC_SEQ_CST) != 0; }
static inline void mix_sleep(mix_rank_root *root, uint32_t doorbell, int64_t nanoseconds) {
    mix_futex_wait(&root->doorbell, doorbell, nanoseconds);
}
static inline void mix_ring(mix_rank_root *root) {
    (void)__atomic_add_fetch(&root->doorbell, 1, __ATOMIC_SEQ_CST);
    mix_futex_wake(&root->doorbell);
}

// Tells peers where this rank runs; the line is written only when that changes.
uint32_t mix_current_processor(void);
static inline uint32_t mix_processor_of(const mix_rank_root *root) { return __atomic_load_n(&root->processor, __ATOMIC_RELAXED); }
static inline void mix_announce_processor(mix_rank_root *root) {
    uint32_t processor = mix_current_processor();
    if (mix_processor_of(root) != processor) __atomic_store_n(&root->processor, processor, __ATOMIC_RELAXED);
}

static inline uint32_t mix_failure_state(const mix_failure *failure) { return __atomic_load_n(&failure->state, __ATOMIC_ACQUIRE); }
// 1 for the one who may write the record.
static inline int mix_failure_begin(mix_failure *failure) { return mix_compare_exchange_u32(&failure->state, 0, 1); }
static inline void mix_failure_end(mix_failure *failure) { __atomic_store_n(&failure->state, 2, __ATOMIC_RELEASE); }

// ---------------------------------------------------------------- memory

// A file that lives as long as somebody has it open or mapped: nothing stays behind, whatever kills us.
int mix_memory_file(const char *name, size_t bytes);
// Maps a memory file whole; NULL and errno on failure.
void *mix_map(int file, size_t bytes);
void mix_unmap(void *address, size_t bytes);
// Backs a range with pages now, so that a lack of memory is an error here and not a SIGBUS later.
int mix_commit(int file, size_t offset, size_t bytes);
// Touches a mapped range so that later accesses do not fault, where the kernel can; harmless elsewhere.
void mix_populate(void *address, size_t bytes);
// Gives a range's pages back; it reads as zero afterwards.
int mix_decommit(int file, size_t offset, size_t bytes);
// Bytes that can be had without swapping, from /proc/meminfo and the control group's limit; -errno when unknown.
int64_t mix_available_memory(void);
size_t mix_physical_memory(void);

// Maps a regular file whole, to read; an empty one as no bytes at NULL. Its descriptor, or a negative errno.
int mix_map_file(const char *path, const void **address, size_t *bytes);
void mix_unmap_file(int file, const void *address, size_t bytes);
// Reads a whole range of a file, without mapping a page of it. 0, or a negative errno; -ENODATA where the file ends before.
int mix_read_file(int file, size_t offset, void *to, size_t bytes);

// Opens standard input, output and error that are closed on /dev/null: what is printed must not land in a memory file.
void mix_open_standard_files(void);
// A range of a mapped file will be read: begins to fetch what is not in memory.
void mix_will_read(const void *address, size_t bytes);
// A range of a mapped file is not needed now: its pages stop counting as this process's memory. It can still be read.
void mix_did_read(const void *address, size_t bytes);
size_t mix_page_size(void);

// A word that reads 1 here and 0 in every child forked later (MADV_WIPEONFORK).
uint32_t *mix_fork_witness(void);
void mix_fork_witness_release(uint32_t *witness);

// ---------------------------------------------------------------- life and death

// Marks this process as alive on a memory file: the mark goes when the process does, however it ends.
// The file must stay open, and no other descriptor of it may be closed by this process meanwhile.
int mix_liveness_mark(int file);
// 1 alive, 0 gone, negative errno. Another process's mark only: one's own reads as gone.
int mix_liveness_check(int file);

// ---------------------------------------------------------------- sockets of one machine

// An abstract Unix socket, gone with its last descriptor. `name` is without the leading zero byte.
int mix_socket_listen(const char *name, size_t length);
int mix_socket_connect(const char *name, size_t length);
// Waits at most `milliseconds`; -ETIMEDOUT after that. Accepts processes of this user (or root) only: -EPERM otherwise.
int mix_socket_accept(int listener, int milliseconds);
// Sends or receives all of the bytes, with at most one descriptor (file < 0: none).
int mix_socket_send(int socket, const void *bytes, size_t count, int file);
int mix_socket_receive(int socket, void *bytes, size_t count, int *file, int milliseconds);
void mix_close(int file);

// ---------------------------------------------------------------- sockets between machines

// Addresses are numeric text ("10.0.0.1", "fe80::1%eth0"), so that Swift sees no socket structures. Sockets are non-blocking.

// A part of a vectored read or write; laid out as struct iovec.
typedef struct {
    void *address;
    size_t bytes;
} mix_part;

// The host's address with that index; -ENOENT after the last, -EHOSTUNREACH and a reason when the name is unknown.
int mix_tcp_resolve(const char *host, int index, char *numeric, size_t size, const char **reason);
// This machine's interface address with that index; -ENOENT after the last.
int mix_tcp_interface(int index, char *name, size_t name_size, char *numeric, size_t size, int *is_up, int *is_loopback);
// The local address from which packets to that address leave.
int mix_tcp_route(const char *numeric, char *local, size_t size);
// Who is at the other end.
int mix_tcp_peer(int socket, char *numeric, size_t size, int *port);
// Listens at an address, or at all (NULL), of either family; port 0: any, told in *chosen.
int mix_tcp_listen(const char *numeric, int port, int *chosen);
// The next connection that waits, -EAGAIN when none does.
int mix_tcp_accept(int listener);
int mix_tcp_connect(const char *numeric, int port, int milliseconds);
// Waits until the descriptor can be read or written; -ETIMEDOUT after that time.
int mix_wait_file(int file, int to_write, int milliseconds);
// No delay of small messages; a peer that is silent for `silence` seconds although nothing is under way is asked whether it lives.
void mix_tcp_prepare(int socket, int silence);
// Milliseconds since the peer's kernel last acknowledged anything, 0 unless this end is repeating itself. TCP_USER_TIMEOUT
// would also end connections whose peer lives but does not read for that long, as a rank that computes.
int mix_tcp_silence(int socket);
// Nothing more is sent; what was, arrives.
void mix_tcp_shut_down(int socket);
// Bytes moved, or a negative errno.
ssize_t mix_tcp_write(int socket, const mix_part *parts, int count);
ssize_t mix_tcp_read(int socket, const mix_part *parts, int count);

// ---------------------------------------------------------------- processes

int mix_host_name(char *buffer, size_t size);
// strerror, from a static table and thread-safe.
const char *mix_error_text(int error);
// Marks in `set` (1,024 bits) the processors that the calling thread may run on.
#define MIX_PROCESSOR_WORDS 16
void mix_processor_set(uint64_t set[MIX_PROCESSOR_WORDS]);
// "SEGV", "KILL", …
const char *mix_signal_text(int signal);
int mix_process_id(void);
// This process's "NAME=value" strings, NULL-ended.
char *const *mix_environment(void);
// From the kernel's generator, good enough for keys.
int mix_random(void *bytes, size_t count);
// A path that starts this program again.
int mix_executable_path(char *buffer, size_t size);

// Starts a program as a child that is killed when the calling thread ends, and thus with this process.
// `environment` is "NAME=value" strings, NULL-ended. `processor` < 0: not bound. Returns the process id or a negative errno.
#define MIX_SPAWN_NO_INPUT 1
int mix_spawn(const char *path, char *const *arguments, char *const *environment, int processor, int flags);
// A descriptor that becomes readable when the process ends (Linux 5.3), or a negative errno.
int mix_process_file(int process);
// Waits until one of the descriptors (negative: none) is readable or a signal came, at most `milliseconds` (-1: no limit).
int mix_wait_ready(const int *files, int count, int milliseconds);
// Reaps that child if it ended: 1, 0 while it runs, negative errno. *status as a shell sees it, *signal 0 when it left by itself.
int mix_reap(int process, int *status, int *signal);
int mix_kill(int process, int signal);

// From here to the release, SIGINT, SIGTERM, SIGHUP and SIGQUIT do not end this process but are kept for mix_signals_next.
// Returns a descriptor that becomes readable when one came; -EBUSY when somebody else in this process catches them.
int mix_signals_catch(void);
void mix_signals_release(void);
// The next signal that came, 0 when there is none.
int mix_signals_next(int *from_terminal);

// Names the job of the Hydra launcher (MPICH, Intel MPI) that started this process; its environment does not. The
// nearest hydra_pmi_proxy above this process, through whatever scripts lie between, was told its mpiexec's control
// port, the same on all nodes; Intel's proxy was not, and counts by process and start time.
int mix_hydra_job(char *buffer, size_t size);

#endif
